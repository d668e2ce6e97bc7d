"""One user's rows into the shadow tables: all of them, or those that remain when some are refused."""

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from typing import NamedTuple

from events.clock import from_micros
from projections import aggregates, store
from projections.catalog import Catalog
from projections.code_version import projector_version
from projections.facts import Fact
from projections.fold import present, refold
from projections.refusal import is_storable, reason_of, stop_before_refusal, write_halving
from projections.replay.copy_loader import Loader
from projections.replay.statements import Connection
from projections.rows import Row, row_digest, rows_of
from projections.snapshots import Passed
from projections.state import Folded, encode

GROUP = 256


class ReplayedUser(NamedTuple):
    """A user, their customers (linked since) and their facts."""

    user: str
    linked: dict[str, int]
    facts: Callable[[], list[Fact]]


class CarefulLoader:
    """Loads users in small groups; only a refused user or aggregate stops, as in the live projector.

    The caller owns the transaction.
    """

    def __init__(self, conn: Connection, schema: str, catalog: Catalog, catalog_digest: str) -> None:
        self._conn, self._schema = conn, schema
        self._catalog, self._catalog_digest = catalog, catalog_digest
        self.counts: Counter[str] = Counter()
        self.digest = 0

    def load(self, people: Sequence[ReplayedUser]) -> None:
        for start in range(0, len(people), GROUP):
            write_halving(self._conn, people[start : start + GROUP], self._load_group, self._load_refused)

    def _load_group(self, people: Sequence[ReplayedUser]) -> None:
        digest = 0
        with Loader(self._conn, self._schema) as loader:
            for person in people:
                facts = person.facts()
                passed: Passed = []
                folded = refold(person.user, person.linked, facts, passed)
                digest += load(loader, person.user, folded, self._catalog, self._catalog_digest, passed)
                load_work(loader, person.user, facts)
            loader.flush()
        self.digest += digest
        self.counts.update(loader.counts)

    def _load_refused(self, person: ReplayedUser, problem: Exception) -> None:
        facts = person.facts()
        passed: Passed = []
        folded: Folded | None = refold(person.user, person.linked, facts, passed)
        assert folded is not None
        if not self._is_storable(person.user, folded):
            passed = []
            folded = stop_before_refusal(
                person.user,
                person.linked,
                facts,
                lambda some: self._is_storable(person.user, some),
                reason_of(problem),
            )
        if folded is not None:
            self._load_user(person.user, folded, passed)
            self._load_work(person.user, facts)

    def _is_storable(self, user: str, folded: Folded) -> bool:
        digest, counts = self.digest, self.counts.copy()
        try:
            return is_storable(self._conn, lambda: self._load_user(user, folded, []))
        finally:
            self.digest, self.counts = digest, counts

    def _load_user(self, user: str, folded: Folded, passed: Passed) -> None:
        with Loader(self._conn, self._schema) as loader:
            digest = load(loader, user, folded, self._catalog, self._catalog_digest, passed)
            loader.flush()
        self.digest += digest
        self.counts.update(loader.counts)

    def _load_work(self, user: str, facts: Iterable[Fact]) -> None:
        """Each aggregate of the user by itself."""

        def storable(rows: aggregates.Rows) -> bool:
            return is_storable(self._conn, lambda: self._copy(rows))

        self._copy(aggregates.storable_rows(user, facts, storable), counted=True)

    def _copy(self, rows: aggregates.Rows, *, counted: bool = False) -> None:
        with Loader(self._conn, self._schema) as loader:
            for table, row in rows:
                loader.take(table, row)
            loader.flush()
        if counted:
            self.counts.update(loader.counts)


def load(
    loader: Loader, user: str, folded: Folded, catalog: Catalog, catalog_digest: str, passed: Passed
) -> int:
    """Load a user's rows and the states that their fold passed; returns the rows' digest as a number."""
    state = present(folded)
    if not state.cores:
        return 0
    rows = rows_of(state, catalog)
    digest = row_digest(rows)
    for table, row in rows.items():
        loader.take(table, row)
    for at, kept in passed:
        loader.take("fold_snapshots", _snapshot_row(user, at, kept))
    loader.take("projection_states", _state_row(user, folded, catalog_digest, digest))
    if state.poison is not None:
        loader.take("quarantine", store.quarantine_row(user, state.poison))
    return int.from_bytes(digest)


def load_work(loader: Loader, user: str, facts: Iterable[Fact]) -> None:
    """The rows of a user's campaigns, jobs and lists."""
    for table, row in aggregates.copied_rows(user, facts):
        loader.take(table, row)


def _state_row(user: str, folded: Folded, catalog_digest: str, digest: bytes) -> Row:
    return {
        "user_id": user,
        "state": encode(folded).decode(),
        "catalog_digest": catalog_digest,
        "row_digest": digest,
    }


def _snapshot_row(user: str, at: int, kept: bytes) -> Row:
    version = projector_version()
    return {"user_id": user, "settled_at": from_micros(at), "state": kept, "projector_version": version}
