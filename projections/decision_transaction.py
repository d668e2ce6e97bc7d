"""Projecting inside a decision: read the current state, and fold new facts before they are committed.

A decision locks the checkpoint of one part. Other projectors and decisions of that part wait, so the
state that was read stays current until the decision's own events are in the log and in the tables. Locks
are taken in the order of a batch: checkpoint, customers, users, and the part's head last, by append.
"""

from collections.abc import Callable, Iterable, Sequence
from typing import Any, NamedTuple
from uuid import UUID

import msgspec
import psycopg
from psycopg.rows import tuple_row

from events.append import append_all
from events.clock import micros
from events.envelope import Appended, NewEvent
from events.statements import AnyConnection, statement
from events.tracing import span
from projections import aggregates, log_reader, relinking, store
from projections.catalog import Catalog
from projections.code_version import projector_version
from projections.errors import PartBehind, PartBusy, StateUnreadable
from projections.facts import Fact
from projections.fold import present
from projections.log_reader import Routed, routed
from projections.projector import EMPTY, BatchState, Projector
from projections.refolding import advance_some
from projections.refusal import is_refusal, is_stopped_by_row
from projections.snapshots import Pending
from projections.state import Folded, State, read_stored

BATCH = 500
MAX_PENDING = 5000
ATTEMPTS = 20
MAX_CATALOGS = 4


class LockedUser(NamedTuple):
    """One user, locked: the fold, its present state, the catalog their rows were written under, and what is
    still to be folded again."""

    folded: Folded
    state: State
    catalog_digest: str
    pending: Pending | None


class PriorEvent(NamedTuple):
    """A domain event that was appended earlier under a key."""

    id: UUID
    metadata: dict[str, Any]  # Any: JSON values


class Snapshot(NamedTuple):
    """The state of some users of one part, which stays current until the transaction ends.

    Users not in `users` are unknown. `prior_events`: the events already appended under the given keys.
    """

    users: dict[str, LockedUser]
    catalog: Catalog
    prior_events: dict[str, PriorEvent]


Choose = Callable[[Snapshot], Sequence[NewEvent]]


class SnapshotChanged(Exception):
    """Events between the read and the append change the decision."""


class Deciding(Projector):
    """Parts that stay locked during a decision: `_positions` is how far each is projected."""

    settles_again = True

    def __init__(self, conn: AnyConnection) -> None:
        super().__init__()
        self._conn = conn
        self._positions: dict[int, int] = {}

    def _append_and_fold(
        self, events: Sequence[NewEvent], now: Snapshot, choose: Choose, *, by_batch: bool = False
    ) -> list[Appended]:
        """Append the events and fold them. Raises: SnapshotChanged."""
        answers = append_all(self._conn, events)
        pairs = zip(events, answers, strict=True)
        appended = [_as_read(event, answer) for event, answer in pairs if answer.outcome == "appended"]
        if not appended:
            return answers  # folded when first appended
        reached, came_first = self._reached(appended)
        if came_first:
            now = self._fold_pending(came_first, now)
            if choose(now) != events:
                raise SnapshotChanged
        with span("project"):
            if by_batch or self.careful or relinking.deletions_in(appended):
                self._absorb(self._conn, appended, reached)
            else:
                self._fold_locked(appended, now.users, reached)
        self._positions |= reached
        return answers

    def _reached(self, events: Sequence[Routed]) -> tuple[dict[int, int], dict[int, int]]:
        """Part to the last appended position, and part to the number of foreign events before it."""
        reached: dict[int, int] = {}
        came_first: dict[int, int] = {}
        for part, position in sorted((event.fact.part, event.fact.position) for event in events):
            others = position - 1 - self._positions[part]
            if part not in reached and others:
                came_first[part] = others
            reached[part] = position
        return reached, came_first

    def _fold_pending(self, came_first: dict[int, int], now: Snapshot) -> Snapshot:
        """Fold the events between the read and the append. None follow: this transaction locks the heads."""
        for part, count in came_first.items():
            events, reached = log_reader.next_events(self._conn, {part: self._positions[part]}, limit=count)
            if relinking.evidence_in(events) or relinking.deletions_in(events):
                raise SnapshotChanged  # links are locked before users
            self._absorb(self._conn, events, reached)
            self._positions |= reached
        states = store.lock_states(self._conn, now.users)
        users = {
            user: LockedUser(locked.folded, present(locked.folded), locked.catalog_digest, locked.pending)
            for user, locked in states.items()
            if locked.folded
        }
        return Snapshot(users, self._catalog, now.prior_events)

    def _fold_locked(
        self, events: list[Routed], users: dict[str, LockedUser], reached: dict[int, int]
    ) -> None:
        """Fold as a batch does, but over states already read, and write in one round trip."""
        by_user: dict[str, list[Fact]] = {}
        for event in events:
            by_user.setdefault(event.route_key, []).append(event.fact)
        stopped = [user for user in by_user if is_stopped_by_row(users[user].folded)]
        folds = {user: users[user].folded for user in by_user if user not in stopped}
        kept: list[store.Kept] = []
        again = {
            user: behind
            for user, folded in folds.items()
            if (behind := advance_some(folded, by_user[user], users[user].pending, kept))
        }
        pending = {user: users[user].pending for user in by_user}
        self._refold(self._conn, again, BatchState(by_user), folds, reached, pending)
        before = {user: users[user].state for user in folds}
        digests = {user: users[user].catalog_digest for user in folds}
        with self._conn.pipeline():
            store.write_snapshots(self._conn, kept)
            self._write(self._conn, folds, before, digests)
            store.write_checkpoints(self._conn, reached, projector_version())
        self._fold_apart(self._conn, stopped, BatchState({user: [] for user in stopped}), reached)
        aggregates.project(self._conn, events, reached, careful=self.careful)

    def _use_catalog(self, digest: str | None) -> None:
        self._catalog, self._catalog_digest = EMPTY, _EMPTY_DIGEST
        if digest is not None:
            self._catalog, self._catalog_digest = _catalog(self._conn, digest)

    def _query(self, name: str, parameters: dict[str, Any]) -> Any:  # Any: a cursor; rows differ by statement
        cursor = self._conn.cursor(row_factory=tuple_row)
        return cursor.execute(statement("projections", name), parameters)


class DecisionTransaction(Deciding):
    """One part, locked for one decision. Create one per decision; the caller commits."""

    def __init__(self, conn: AnyConnection, part: int) -> None:
        super().__init__(conn)
        self._part = part

    def decide(
        self,
        users: Sequence[str],
        choose: Choose,
        *,
        keys: Sequence[str] = (),
        customers: Sequence[str] = (),
        by_batch: bool = False,
    ) -> list[Appended]:
        """Append the events that `choose` returns and fold them; one `Appended` per event.

        `choose` is pure: it is called again when an event reached the part in between. `customers` are
        those whose links it may change; `by_batch` is for facts about more than the given users.
        Raises: PartBehind, PartBusy; any exception of `choose`. The caller must then roll back.
        """
        by_batch = by_batch or bool(customers)
        for attempt in range(ATTEMPTS):
            now = self._lock_and_read(users, keys, customers, strict=attempt == 0)
            if now is None:
                self._catch_up()
                continue
            events = choose(now)
            if not events:
                return []
            positions = self._positions.copy()
            try:
                return self._append_and_fold(events, now, choose, by_batch=by_batch)
            except SnapshotChanged:
                pass
            except psycopg.Error as problem:
                if self.careful or not is_refusal(problem):
                    raise
                self.careful = True  # one of the users is refused: fold each by itself
            self._unlock_users()
            self._positions = positions
            self._catch_up()
        raise PartBusy(self._part, ATTEMPTS)

    def _lock_and_read(
        self, users: Sequence[str], keys: Sequence[str], customers: Sequence[str], *, strict: bool
    ) -> Snapshot | None:
        """One round trip, plus customers. If strict, None and no user locked while events are to be
        projected; else `_append_and_fold` projects them, so a busy part cannot block the decision."""
        parameters: dict[str, Any] = {"part": self._part, "users": sorted(set(users)), "keys": list(keys)}
        parameters["strict"] = strict
        with self._conn.pipeline():
            checkpoint = None if self._positions else self._query("lock_checkpoint", parameters)
            # Users are unlocked before a batch is projected: a batch locks customers first.
            self._conn.execute(b"SAVEPOINT inline_look")
            if customers:
                parameters["users"] = self._with_claimed(parameters["users"], customers)
            states = self._query("lock_present_states", parameters)
            present_rows = self._query("read_present", parameters)
        if checkpoint is not None:
            self._positions[self._part] = checkpoint.fetchone()[0]
        rows = present_rows.fetchall()
        reached, catalog_digest = rows[0][:2]
        if strict and reached != self._positions[self._part]:
            self._unlock_users()
            return None
        self._use_catalog(catalog_digest)
        locked, unreadable = locked_users(states.fetchall())
        if unreadable:
            self._unlock_users()
            self.retry(self._conn, unreadable)
            return None
        prior_events = {row[2]: PriorEvent(row[3], row[4]) for row in rows if row[2] is not None}
        return Snapshot(locked, self._catalog, prior_events)

    def _with_claimed(self, users: list[str], customers: Sequence[str]) -> list[str]:
        """These users and every user ever named for one of the customers: each may gain or lose it."""
        store.hold_links(self._conn)
        rows = store.lock_customers(self._conn, customers)
        named = {user for row in rows.values() for user in row.named}
        return sorted(named | set(users))

    def _absorb_narrowed(self, events: list[Routed], reached: dict[int, int]) -> None:
        self._narrowed(self._conn, lambda: self._absorb(self._conn, events, reached))

    def _unlock_users(self) -> None:
        self._conn.execute(b"ROLLBACK TO SAVEPOINT inline_look")
        self._conn.execute(b"RELEASE SAVEPOINT inline_look")

    def _catch_up(self) -> None:
        """Project what is pending in the part, as a batch would."""
        position = self._positions[self._part]
        pending = self._query("read_present", {"part": self._part, "keys": []}).fetchone()[0] - position
        if pending > MAX_PENDING:
            raise PartBehind(self._part, pending, MAX_PENDING)
        while pending > 0:
            events, reached = log_reader.next_events(self._conn, {self._part: position}, limit=BATCH)
            self._absorb_narrowed(events, reached)
            pending -= reached[self._part] - position
            self._positions |= reached
            position = reached[self._part]


StateRow = tuple[str, str, str, int | None, int]


def as_locked(row: StateRow) -> LockedUser:
    """From a row of user, state, catalog digest, refold_after and refold_until. Raises: StateUnreadable."""
    folded = read_stored(row[0], row[1])
    return LockedUser(folded, present(folded), row[2], None if row[3] is None else Pending(row[3], row[4]))


def locked_users(rows: Iterable[StateRow]) -> tuple[dict[str, LockedUser], list[str]]:
    """User to their locked row, and the users whose stored state this release can't read."""
    users: dict[str, LockedUser] = {}
    unreadable: list[str] = []
    for row in rows:
        try:
            users[row[0]] = as_locked(row)
        except StateUnreadable:
            unreadable.append(row[0])
    return users, unreadable


def _as_read(event: NewEvent, answer: Appended) -> Routed:
    """The event as the log would return it."""
    return routed(
        (
            answer.part,
            answer.position,
            micros(event.occurred_at),
            event.source_system,
            event.event_type,
            event.idempotency_key,
            str(answer.id),
            event.route_key,
            event.aggregate_type,
            event.livemode,
            event.payload,
        )
    )


def _catalog(conn: AnyConnection, digest: str) -> tuple[Catalog, str]:
    """The catalog and its digest; decoded once per process and never changed."""
    cached = _CATALOGS.get(digest)
    if cached is not None:
        return cached, digest
    stored = store.read_catalog(conn)
    assert stored is not None  # its digest was just read, and it is never deleted
    catalog = msgspec.json.decode(stored[1], type=Catalog)
    if len(_CATALOGS) >= MAX_CATALOGS:
        _CATALOGS.clear()
    _CATALOGS[stored[0]] = catalog  # its digest may be newer
    return catalog, stored[0]


_CATALOGS: dict[str, Catalog] = {}
_EMPTY_DIGEST = EMPTY.digest()
