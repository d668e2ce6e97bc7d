"""The fold of one Stripe object: its snapshots in canonical order to the one that stands. Pure.

The last snapshot stands; but a deleted object stays deleted, and a final status is kept. An event that can't
be read is passed over, and is the object's problem until a later one can be.
"""

from collections.abc import Iterable, Iterator, Mapping
from itertools import groupby
from operator import attrgetter

from msgspec import Struct

from projections.errors import Unfoldable
from projections.facts import FactProblem, ObjectDigest
from projections.money.snapshot import Cells, ObjectSnapshot, Place
from projections.order import is_change, order_object, rank


class Standing(Struct, frozen=True):
    """The snapshot that stands; `shown` is None while it is as the table already shows it."""

    place: Place
    at: int
    event_id: str
    event_type: str
    digest: str
    is_deleted: bool
    is_final: bool
    shown: Cells | None = None


class Stop(Struct, frozen=True):
    """The event that can't be read, and why."""

    part: int
    position: int
    event_id: str
    event_type: str
    at: int
    field: str
    reason: str


class ObjectState(Struct):
    """The fold so far. `last_at` is the last instant, and `settled` what stood before it.

    Events of that instant may still arrive and belong between those that are folded.
    """

    last_at: int | None = None
    settled: Place | None = None
    standing: Standing | None = None
    stop: Stop | None = None


def fold(state: ObjectState, snapshots: Iterable[ObjectSnapshot]) -> ObjectState:
    """The state after snapshots that are all later than `state.last_at`.

    Only the cells of the snapshot that stands are read. If they can't be, all are folded again without it:
    what it alone would have changed is then as if it had never been read.
    """
    ordered = sorted(snapshots, key=attrgetter("at"))
    problems: dict[Place, FactProblem] = {}
    while True:
        folding = _Folding(state)
        for at, group in groupby(ordered, key=attrgetter("at")):
            folding.fold_instant(at, list(group), problems)
        cells: dict[Place, Cells] = {}
        failed = {place: problem for place, problem in folding.read_last(cells) if place not in problems}
        if not failed:
            return folding.state(cells)
        problems |= failed


class _Folding:
    """A fold in progress. `chosen` is the new snapshot that stands, `last` the one folded last."""

    def __init__(self, state: ObjectState) -> None:
        self._state = state
        self._last_at, self._settled = state.last_at, state.settled
        self._stop = state.stop
        self._is_deleted = state.standing is not None and state.standing.is_deleted
        self._is_final = state.standing is not None and state.standing.is_final
        self.chosen: ObjectSnapshot | None = None
        self.last: ObjectSnapshot | None = None

    def fold_instant(
        self, at: int, snapshots: list[ObjectSnapshot], problems: Mapping[Place, FactProblem]
    ) -> None:
        self._last_at, self._settled = at, self._place()
        for snapshot in self._ordered(snapshots):
            self._step(snapshot, snapshot.problem or problems.get(snapshot.place))

    def _place(self) -> Place | None:
        if self.chosen is not None:
            return self.chosen.place
        return None if self._state.standing is None else self._state.standing.place

    def _ordered(self, snapshots: list[ObjectSnapshot]) -> list[ObjectSnapshot]:
        if len(snapshots) == 1:
            return snapshots
        if sum(is_change(snapshot.type) for snapshot in snapshots) < 2:  # nothing but the types can decide
            return sorted(snapshots, key=lambda one: rank(one.fact(is_compared=False)))
        digest = self._state.standing.digest if self._state.standing is not None else None
        if self.chosen is not None:
            digest = self.chosen.digest
        before = None if digest is None else ObjectDigest(snapshots[0].key.id, digest)
        by_place = {snapshot.place: snapshot for snapshot in snapshots}
        facts = order_object([snapshot.fact() for snapshot in snapshots], before)
        return [by_place[Place(fact.part, fact.position)] for fact in facts]

    def _step(self, new: ObjectSnapshot, problem: FactProblem | None) -> None:
        self.last = new
        if problem is not None:
            self._stop = Stop(*new.place, new.event_id, new.type, new.at, problem.field, problem.reason)
            return
        self._stop = None
        if self._is_deleted or (self._is_final and not (new.is_final or new.is_deleted)):
            return
        self.chosen = new
        self._is_deleted, self._is_final = new.is_deleted, new.is_final

    def read_last(self, cells: dict[Place, Cells]) -> Iterator[tuple[Place, FactProblem]]:
        """Read the cells of the snapshot that stands and of the last one; yields those that can't be read."""
        for new in (self.chosen,) if self.chosen is self.last else (self.chosen, self.last):
            if new is not None and new.shape is not None:
                try:
                    cells[new.place] = new.cells()
                except Unfoldable as problem:
                    yield new.place, FactProblem(problem.field, problem.reason)
                except Exception as problem:  # a bug in a reader stops one object, not the projector
                    yield new.place, FactProblem("$", f"{type(problem).__name__} in the reader")

    def state(self, cells: Mapping[Place, Cells]) -> ObjectState:
        standing = self._state.standing
        if self.chosen is not None:
            standing = standing_of(self.chosen, cells[self.chosen.place])
        return ObjectState(self._last_at, self._settled, standing, self._stop)


def standing_of(snapshot: ObjectSnapshot, cells: Cells) -> Standing:
    """A snapshot as the one that stands."""
    return Standing(
        snapshot.place,
        snapshot.at,
        snapshot.event_id,
        snapshot.type,
        snapshot.digest,
        snapshot.is_deleted,
        snapshot.is_final,
        cells,
    )
