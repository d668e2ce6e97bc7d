"""Projecting inside a decision: what is true now, and new facts folded in before they are committed.

A decision holds the checkpoint of one part. Whoever else would project or decide there waits, so
what is read stays true until the decision's own events are in the log and in the tables. Locks are
taken in the order of a batch: checkpoint, customers, users, and the part's head last, by append.
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
from events.statements import statement
from events.tracing import span
from projections import aggregates, log_reader, relinking, store
from projections.catalog import Catalog
from projections.code_version import projector_version
from projections.errors import PartBehind, PartBusy, StateUnreadable
from projections.facts import Fact
from projections.fold import present
from projections.log_reader import AnyConnection, Routed, routed
from projections.projector import EMPTY, BatchState, Projector
from projections.refolding import advance_some
from projections.refusal import is_refusal, is_stopped_by_row
from projections.snapshots import Pending
from projections.state import Folded, State, read_stored

BATCH = 500
MOST_PENDING = 5000
ATTEMPTS = 20
MOST_CATALOGS = 4


class LockedUser(NamedTuple):
    """One user, locked: the fold, what it says now, the catalog their rows were written under, and what is
    still to be folded again."""

    folded: Folded
    state: State
    catalog_digest: str
    pending: Pending | None


class PriorEvent(NamedTuple):
    """One of our own events that holds a key already."""

    id: UUID
    metadata: dict[str, Any]  # Any: JSON values


class Snapshot(NamedTuple):
    """What is true of some users of one part, and stays so until the transaction ends.

    Users not in `users` are unknown. `said`: which of the keys asked about are taken.
    """

    users: dict[str, LockedUser]
    catalog: Catalog
    prior_events: dict[str, PriorEvent]


Choose = Callable[[Snapshot], Sequence[NewEvent]]


class SnapshotChanged(Exception):
    """What came between the look and the append makes the decision another one."""


class Deciding(Projector):
    """Parts that are held while something is decided: `_positions` is how far each is projected."""

    def __init__(self, conn: AnyConnection, *, live_only: bool) -> None:
        super().__init__(live_only=live_only)
        self._conn = conn
        self._positions: dict[int, int] = {}

    def _append_and_fold(
        self, events: Sequence[NewEvent], now: Snapshot, choose: Choose, *, by_batch: bool = False
    ) -> list[Appended]:
        """Append and fold in. Raises: SnapshotChanged."""
        answers = append_all(self._conn, events)
        pairs = zip(events, answers, strict=True)
        appended = [_as_read(event, answer) for event, answer in pairs if answer.outcome == "appended"]
        if not appended:
            return answers  # folded when it was said first
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
        """Part to our last position there, and to how many events of others came before our first."""
        reached: dict[int, int] = {}
        came_first: dict[int, int] = {}
        for part, position in sorted((event.fact.part, event.fact.position) for event in events):
            others = position - 1 - self._positions[part]
            if part not in reached and others:
                came_first[part] = others
            reached[part] = position
        return reached, came_first

    def _fold_pending(self, came_first: dict[int, int], now: Snapshot) -> Snapshot:
        """What came between the look and the append. No more can: the parts' heads are ours by now."""
        for part, count in came_first.items():
            events, reached = log_reader.next_events(
                self._conn, {part: self._positions[part]}, limit=count, live_only=self._live_only
            )
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
        """As a batch folds, but over states in hand, and written in one round trip."""
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
        aggregates.project(self._conn, events, reached, live_only=self._live_only, careful=self.careful)

    def _use_catalog(self, digest: str | None) -> None:
        self._catalog, self._catalog_digest = EMPTY, _EMPTY_DIGEST
        if digest is not None:
            self._catalog, self._catalog_digest = _catalog(self._conn, digest)

    def _query(self, name: str, parameters: dict[str, Any]) -> Any:  # Any: a cursor; rows differ by statement
        cursor = self._conn.cursor(row_factory=tuple_row)
        return cursor.execute(statement("projections", name), parameters)


class DecisionTransaction(Deciding):
    """One part, held for one decision. Make a new one for each; the caller commits."""

    def __init__(self, conn: AnyConnection, part: int, *, live_only: bool) -> None:
        super().__init__(conn, live_only=live_only)
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
        """Append what `choose` chooses and fold it in; one answer for each event.

        `choose` is pure: it is asked again when an event reached the part in between. `customers` are
        those whose links it may change; `by_batch` is for facts about more than the users named.
        Raises: PartBehind, PartBusy; whatever `choose` raises. The caller must then roll back.
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
                self.careful = True  # one of the users is refused: each by itself
            self._unlock_users()
            self._positions = positions
            self._catch_up()
        raise PartBusy(self._part, ATTEMPTS)

    def _lock_and_read(
        self, users: Sequence[str], keys: Sequence[str], customers: Sequence[str], *, strict: bool
    ) -> Snapshot | None:
        """One round trip, customers apart. If strict, None and no user locked while events are to be
        projected; else `_append_and_fold` projects them, so a busy part cannot block the decision."""
        parameters: dict[str, Any] = {"part": self._part, "users": sorted(set(users)), "keys": list(keys)}
        parameters["strict"] = strict
        with self._conn.pipeline():
            checkpoint = None if self._positions else self._query("lock_checkpoint", parameters)
            # Users are let go again before a batch is projected: a batch locks customers first.
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
        """Whoever was ever said to own one of the customers may gain or lose it: to be locked as well."""
        rows = store.lock_customers(self._conn, customers)
        store.hold_links(self._conn)
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
        if pending > MOST_PENDING:
            raise PartBehind(self._part, pending, MOST_PENDING)
        while pending > 0:
            events, reached = log_reader.next_events(
                self._conn, {self._part: position}, limit=BATCH, live_only=self._live_only
            )
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
    """User to what is held of them, and the users whose stored state this release can't read."""
    users: dict[str, LockedUser] = {}
    unreadable: list[str] = []
    for row in rows:
        try:
            users[row[0]] = as_locked(row)
        except StateUnreadable:
            unreadable.append(row[0])
    return users, unreadable


def _as_read(event: NewEvent, answer: Appended) -> Routed:
    """The event as the log would give it back."""
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
    """The catalog and its digest; decoded once a process, and nobody changes it."""
    cached = _CATALOGS.get(digest)
    if cached is not None:
        return cached, digest
    stored = store.read_catalog(conn)
    assert stored is not None  # its digest was just read, and it is never deleted
    catalog = msgspec.json.decode(stored[1], type=Catalog)
    if len(_CATALOGS) >= MOST_CATALOGS:
        _CATALOGS.clear()
    _CATALOGS[stored[0]] = catalog  # perhaps one published since
    return catalog, stored[0]


_CATALOGS: dict[str, Catalog] = {}
_EMPTY_DIGEST = EMPTY.digest()
