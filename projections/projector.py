"""One batch: the next events of some parts folded into every user they are about, in one transaction.

Locks are taken in one order, customers by id and then users by id, so two projectors never deadlock.
The lock on a customer serializes a new link and that customer's events: the second transaction sees the
writes of the first.
"""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

import msgspec
import structlog

from events.routing import CATALOG_ROUTE, SYSTEM_ROUTE, part_of
from events.statements import AnyConnection
from projections import accounts, aggregates, configuration, erasure, log_reader, refolding, relinking, store
from projections.catalog import Catalog
from projections.code_version import projector_version
from projections.crowds import Crowds
from projections.facts import Fact, OwnFact
from projections.fold import present, refold
from projections.log_reader import Routed
from projections.refolding import advance_some, refold_users
from projections.refusal import (
    check_constraints,
    is_refusal,
    is_stopped_by_row,
    is_storable,
    reason_of,
    stop_before_refusal,
    write_halving,
)
from projections.rows import Row, row_digest, rows_of
from projections.snapshots import EVER, WHOLE, Pending
from projections.state import Folded, Poison, State
from projections.tables.registry import TABLES

EMPTY = Catalog()
SLICED_TOGETHER = 8

logger = structlog.get_logger(__name__)


@dataclass(slots=True)
class BatchReport:
    """Counts of a batch; `ranges` is part to (the position it began after, the position it reached)."""

    events: int = 0
    users: int = 0
    refolds: int = 0
    quarantined: int = 0
    ranges: dict[int, tuple[int, int]] = field(default_factory=dict)


@dataclass(slots=True)
class BatchState:
    """The facts and refolds of a running batch. `erased` users keep nothing of their old fold, not even until
    a long refold ends. `is_slice`: the batch only continues pending refolds."""

    by_user: dict[str, list[Fact]] = field(default_factory=dict)
    refolds: set[str] = field(default_factory=set)
    erased: set[str] = field(default_factory=set)
    is_slice: bool = False

    def of(self, users: Iterable[str]) -> "BatchState":
        """The share of these users."""
        by_user = {user: self.by_user[user] for user in users}
        here = by_user.keys()
        return BatchState(by_user, self.refolds & here, self.erased & here, self.is_slice)


class Projector:
    """Folds batches. Keeps the catalog between them; everything else is in the database.

    `careful` bisects with savepoints to the owner of a row that PostgreSQL or Python refuses, and
    quarantines that owner. A batch that was refused as a whole is projected again in this mode.
    `most_again`: about how many events a transaction refolds, beside those of its batch.
    """

    settles_again = False  # whether one transaction projects several batches

    def __init__(self) -> None:
        self.careful = False
        self.most_again: int | None = None
        self.claimed: tuple[int, ...] = ()
        self.crowds = Crowds()
        self._catalog = EMPTY
        self._catalog_digest = ""

    @property
    def _most(self) -> int:
        return refolding.SLICE if self.most_again is None else self.most_again

    def project(
        self, conn: AnyConnection, *, parts: int, limit: int, avoided: Collection[int] = ()
    ) -> BatchReport:
        """Fold the next events of at most `parts` parts, none of them `avoided`. The caller commits."""
        positions = store.claim_parts(conn, parts, avoided)
        self.claimed = tuple(positions)
        if not positions:
            return BatchReport()
        return self._narrowed(conn, lambda: self._project(conn, positions, limit))

    def _project(self, conn: AnyConnection, positions: dict[int, int], limit: int) -> BatchReport:
        events, reached = log_reader.next_events(conn, positions, limit=limit)
        report = self._absorb(conn, events, reached)
        report.events = sum(reached[part] - positions[part] for part in positions)
        report.ranges = {part: (positions[part], reached[part]) for part in positions}
        return report

    def _absorb(self, conn: AnyConnection, events: list[Routed], reached: dict[int, int]) -> BatchReport:
        """Write all changes of these events; their parts are locked, and then projected up to `reached`."""
        self._update_catalog(conn, events, reached)
        configuration.write(conn, _settings_in(events))
        report = self._fold(conn, self._routed(conn, events, reached), reached)
        aggregates.project(conn, events, reached, careful=self.careful)
        store.write_checkpoints(conn, reached, projector_version())
        return report

    def refresh(self, conn: AnyConnection, *, limit: int) -> BatchReport:
        """Write again the rows of some users last written under another catalog. The caller commits."""
        self._load_catalog(conn)
        users = store.outdated_users(conn, self._catalog_digest, limit)
        if not users:
            return BatchReport()
        work = BatchState(by_user={user: [] for user in users})
        return self._narrowed(conn, lambda: self._fold(conn, work, {}))

    def refold_pending(self, conn: AnyConnection) -> BatchReport:
        """Fold one more slice of some histories that were too long for a batch. The caller commits."""
        together = max(1, min(SLICED_TOGETHER, self._most // refolding.SMALLEST_SLICE))
        users = store.claim_refolds(conn, together)
        self.crowds.keep(users)
        if not users:
            return BatchReport()
        self._load_catalog(conn)
        work = BatchState(by_user={user: [] for user in users}, is_slice=True)
        return self._narrowed(conn, lambda: self._fold(conn, work, {}))

    def retry(self, conn: AnyConnection, users: Iterable[str]) -> BatchReport:
        """Fold users' whole histories again, up to the checkpoints. The caller commits."""
        self._load_catalog(conn)
        retried = set(users)
        work = BatchState(by_user={user: [] for user in retried}, refolds=set(retried))
        report = self._fold_apart(conn, sorted(retried), work, {})
        aggregates.rebuild(conn, retried, store.checkpoints(conn))
        return report

    def _narrowed(self, conn: AnyConnection, fold: Callable[[], BatchReport]) -> BatchReport:
        """The report of `fold`; after a refusal, that of `fold` repeated in careful mode."""
        try:
            with conn.transaction():
                report = fold()
                check_constraints(conn)
            return report
        except Exception as problem:
            if self.careful or not is_refusal(problem):
                raise
            logger.warning("projector.batch_refused", error=type(problem).__name__)
        self.careful = True
        try:
            with conn.transaction():
                return fold()
        finally:
            self.careful = False

    def _update_catalog(self, conn: AnyConnection, events: list[Routed], reached: dict[int, int]) -> None:
        if any(event.is_plan for event in events):
            store.write_catalog(conn, log_reader.catalog_at(conn, reached[part_of(CATALOG_ROUTE)]))
        self._load_catalog(conn)

    def _load_catalog(self, conn: AnyConnection) -> None:
        stored = store.read_catalog(conn)
        if stored is None:
            self._catalog, self._catalog_digest = EMPTY, EMPTY.digest()
        elif stored[0] != self._catalog_digest:
            self._catalog = msgspec.json.decode(stored[1], type=Catalog)
            self._catalog_digest = stored[0]

    def _routed(self, conn: AnyConnection, events: list[Routed], reached: dict[int, int]) -> BatchState:
        """Each fact under its user, after the link changes of these facts."""
        erased = erasure.erasures_in(events)
        touched = erasure.touched_customers(conn, erased)
        changed = relinking.LinkChanges(
            relinking.evidence_in(events),
            touched=touched,
            elsewhere=accounts.touched_customers(conn, events),
            deleted=relinking.deletions_in(events),
        )
        relinked = relinking.settle(conn, changed, reached, careful=self.careful, again=self.settles_again)
        work = BatchState(refolds=relinked.moved | erased.keys(), erased=set(erased))
        work.refolds |= {user for customer in touched if (user := relinked.owners.get(customer)) is not None}
        for user in work.refolds:
            work.by_user.setdefault(user, [])
        for event in events:
            owner = event.route_key if event.is_user else None
            if event.is_customer:
                owner = relinked.owners.get(event.route_key)
            if owner is not None:
                work.by_user.setdefault(owner, []).append(event.fact)
        return work

    def _fold(self, conn: AnyConnection, work: BatchState, reached: dict[int, int]) -> BatchReport:
        if self.careful:
            return self._fold_apart(conn, sorted(work.by_user), work, reached)
        stopped: list[str] = []
        report = self._fold_together(conn, work, reached, stopped)
        report.users += self._fold_apart(conn, sorted(stopped), work, reached).users
        return report

    def _fold_apart(
        self, conn: AnyConnection, users: list[str], work: BatchState, reached: dict[int, int]
    ) -> BatchReport:
        """Fold these users; bisect on refusal, so that only the refused ones are quarantined."""

        def fold(some: Sequence[str]) -> None:
            self._fold_together(conn, work.of(some), reached)

        write_halving(
            conn,
            users,
            fold,
            lambda user, problem: self._stop(conn, user, reached, problem),
        )
        return BatchReport(users=len(users))

    def _stop(self, conn: AnyConnection, user: str, reached: dict[int, int], problem: Exception) -> None:
        """Quarantine a user at the event after which PostgreSQL refuses their rows."""
        reason = reason_of(problem)
        logger.error("projector.user_refused", user_id=user, reason=reason)
        linked, histories = self._histories(conn, {user}, reached)

        def write(folded: Folded) -> None:
            locked = store.lock_states(conn, [user])
            self._write(conn, {user: folded}, {}, {user: locked[user].catalog_digest}, whole={user})

        def storable(folded: Folded) -> bool:
            return is_storable(conn, lambda: write(folded))

        folded = stop_before_refusal(user, linked[user], histories[user], storable, reason)
        if folded is None:
            logger.error("projector.user_left_out", user_id=user, reason=reason)
            store.delete_users(conn, [user])
        else:
            store.delete_snapshots(
                conn, {user: (-EVER, EVER)}
            )  # such a user is always folded from the beginning
            store.write_refolds(conn, {user: None})
            write(folded)

    def _fold_together(
        self,
        conn: AnyConnection,
        work: BatchState,
        reached: dict[int, int],
        stopped: list[str] | None = None,
    ) -> BatchReport:
        """Fold and write all users at once. Users whose rows were refused before are added to `stopped`
        instead; without that list they are refolded."""
        locked = store.lock_states(conn, work.by_user)
        before = {user: present(row.folded) for user, row in locked.items() if row.folded is not None}
        folds: dict[str, Folded] = {}
        again: dict[str, Pending] = {}
        kept: list[store.Kept] = []
        for user, facts in work.by_user.items():
            folded, _, pending = locked[user]
            if folded is not None and is_stopped_by_row(folded):
                if stopped is not None:
                    stopped.append(user)
                    continue
                work.refolds.add(user)
            if folded is not None and user not in work.erased:
                folds[user] = folded
            if user in work.refolds or folded is None:
                again[user] = (
                    WHOLE  # also for a user's first events, and for a customer's events before the link
                )
            elif behind := advance_some(folded, facts, pending, kept):
                again[user] = behind
            elif pending and not facts:
                again[user] = pending
        store.write_snapshots(conn, kept)
        self._refold(conn, again, work, folds, reached, {user: row.pending for user, row in locked.items()})
        digests = {user: row.catalog_digest for user, row in locked.items()}
        self._write(conn, folds, before, digests, whole=again)
        return BatchReport(users=len(work.by_user) - len(stopped or ()), refolds=len(again))

    def _refold(
        self,
        conn: AnyConnection,
        again: Mapping[str, Pending],
        work: BatchState,
        folds: dict[str, Folded],
        reached: dict[int, int],
        before: Mapping[str, Pending | None],
    ) -> None:
        """Refold these histories into `folds`, up to each part's checkpoint; later events come in their own
        batch. `before`: the refolds that were pending."""
        facts = work.by_user
        anew = {user for user in again if user in work.refolds or user not in folds}
        waiting = {user for user in again if before[user] and facts[user]} - anew
        selected = {user: due for user, due in again.items() if user not in waiting}
        pending: dict[str, Pending | None] = {user: again[user] for user in waiting}
        if selected:
            refolds = refold_users(
                conn,
                selected,
                store.checkpoints(conn) | reached,
                batch={user: len(facts[user]) for user in selected},
                to_the_end=[user for user in selected if user not in folds and not facts[user]],
                most=self._most,
                crowds=self.crowds if work.is_slice else Crowds(),
            )
            for user, (folded, still) in refolds.items():
                pending[user] = still
                if folded is not None:
                    folds[user] = folded
                elif user not in folds:  # too much to fold now: until then, the batch's facts only
                    folds[user] = refold(user, {}, facts[user])
                elif still and work.is_slice:
                    del folds[user]  # nothing to write yet
        changed = {user: due for user, due in pending.items() if due != before[user] or user in anew}
        store.write_refolds(conn, changed, anew)

    def _histories(
        self, conn: AnyConnection, users: set[str], reached: dict[int, int]
    ) -> tuple[dict[str, dict[str, int]], dict[str, list[Fact]]]:
        """User to their customers (linked since), and to their facts."""
        linked = store.customers_of(conn, users)
        bounds = store.checkpoints(conn) | reached
        routes = users.union(*linked.values())
        streams = log_reader.streams(conn, routes, bounds)
        return linked, {user: log_reader.history(streams, user, linked[user]) for user in users}

    def _write(
        self,
        conn: AnyConnection,
        folds: dict[str, Folded],
        before: dict[str, State],
        digests: dict[str, str],
        *,
        whole: Collection[str] = (),
    ) -> None:
        """Write the changed rows; all rows of users in `whole`, so a refold repairs rows edited by hand."""
        rows: dict[str, list[Row]] = {table: [] for table in TABLES}
        states: dict[str, tuple[Folded, bytes]] = {}
        stopped: dict[str, Poison] = {}
        healed: list[str] = []
        forgotten: list[str] = []
        for user, folded in folds.items():
            state = present(folded)
            if not state.cores:
                forgotten.append(user)
                continue
            new = rows_of(state, self._catalog)
            was = before.get(user)
            differs_only = digests[user] == self._catalog_digest and user not in whole
            old = rows_of(was, self._catalog) if was is not None and differs_only else {}
            for table, row in new.items():
                if row != old.get(table):
                    rows[table].append(row)
            states[user] = (folded, row_digest(new))
            if state.poison is not None:
                stopped[user] = state.poison
            elif was is not None and was.poison is not None:
                healed.append(user)
        store.write_rows(conn, rows)
        store.write_states(conn, states, self._catalog_digest)
        store.write_quarantine(conn, stopped, healed)
        store.delete_users(conn, forgotten)


def _settings_in(events: list[Routed]) -> list[configuration.Setting]:
    """The batch's events about the service's own configuration."""
    return [
        configuration.Setting(event.fact.position, event.fact.at, event.fact.type, event.fact.body.payload)
        for event in events
        if event.route_key == SYSTEM_ROUTE and not event.is_user and isinstance(event.fact.body, OwnFact)
    ]
