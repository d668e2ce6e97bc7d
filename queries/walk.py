"""A user's history from instant to instant, with the customers owned at each.

At each instant the columns are those of a fold of all events until then under the links of then: the
result of a query `as_of` that instant.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from itertools import groupby
from typing import NamedTuple, TypeVar

from projections.catalog import Catalog, fold_catalog
from projections.fold import CORES, fold_one
from projections.order import order_instant
from projections.snapshots import EVER
from projections.state import State
from queries.changes import ColumnChange, LastShown
from queries.history_at import BoundedHistory, HistoryFact, Move, plan_event

BILLING = "user_billing"
OF_THE_LINK = "stripe_customer_id"


T = TypeVar("T")


class Walked(NamedTuple):
    """One event and what it changed; see `timeline.Step`."""

    entry: HistoryFact
    changes: list[ColumnChange]
    problem: str | None = None
    behind: Mapping[str, HistoryFact] = {}


class HistoryWalk:
    """One pass; create one per walk."""

    def __init__(self, history: BoundedHistory) -> None:
        self._history = history
        base = history.base
        self._began = base.at if base else -EVER
        self._state = base.state.copy() if base else State(user_id=history.user_id, links={})
        self._linked = dict(self._state.links)
        self._customers = {e.fact.id: c for c, stream in history.streams.items() for e in stream}
        self._own = {entry.fact.id for entry in history.own}
        self._plans = [entry for entry in history.plan_entries if entry.fact.at <= self._began]
        self._shown = LastShown(self._catalog())
        self._shown.changes(self._state)

    def steps(self) -> Iterator[Walked]:
        moves = {move.at: move for move in self._history.moves()}
        entries = [(entry, False) for entry in self._history.shown]
        entries += [(entry, True) for entry in self._history.plan_entries if entry.fact.at > self._began]
        for at, instant in _instants(entries, lambda pair: pair[0]):
            yield from self._published(entry for entry, is_plan in instant if is_plan)
            happened = [entry for entry, is_plan in instant if not is_plan]
            move = moves.get(at)
            if move is not None and self._brings_history(move):
                yield from self._moved(move, happened)
            else:
                yield from self._folded(happened, move)

    def _published(self, plans: Iterable[HistoryFact]) -> Iterator[Walked]:
        for entry in plans:
            self._plans.append(entry)
            self._shown.under(self._catalog())
            if self._state.cores and (changes := self._shown.changes(self._state)):
                yield Walked(entry, changes)

    def _folded(self, happened: list[HistoryFact], move: Move | None) -> Iterator[Walked]:
        """Fold one event after the other. A link takes effect with its event, so that no earlier one seems
        to have set the customer; the live fold has it beforehand, with the same final state."""
        state = self._state
        self._relink(move)
        ordered, waiting = self._ordered(happened)
        cause = move.cause if move is not None and move.cause in ordered else None
        if cause is None:
            state.links = dict(self._linked)
        for entry in ordered:
            was_stopped = state.poison is not None
            if entry is cause:
                state.links = dict(self._linked)
            fold_one(state, entry.fact)
            if entry is cause and state.poison is None:
                state.cores[BILLING] = CORES[BILLING](state)  # such an event need not touch billing
            yield Walked(entry, self._shown.changes(state), None if was_stopped else _problem(state))
        yield from (Walked(entry, []) for entry in waiting)

    def _moved(self, move: Move, happened: list[HistoryFact]) -> Iterator[Walked]:
        """A customer with a history moved: one event adds or removes all of that history."""
        was_stopped = self._state.poison is not None
        self._relink(move)
        self._state = State(user_id=self._history.user_id, links=dict(self._linked))
        behind = self._fold_until(move.at)
        ordered, waiting = self._ordered(happened)
        for entry in ordered:
            fold_one(self._state, entry.fact)
        cause = move.cause or happened[0]
        problem = None if was_stopped else _problem(self._state)
        yield Walked(cause, self._shown.changes(self._state), problem, behind)
        yield from (Walked(entry, []) for entry in (*ordered, *waiting) if entry is not cause)

    def _fold_until(self, at: int) -> dict[str, HistoryFact]:
        """Fold all earlier events; returns column to the event that last set it."""
        behind: dict[str, HistoryFact] = {}
        shown = LastShown(self._catalog())
        streams = [self._history.own, *(self._history.streams[customer] for customer in self._linked)]
        before = [entry for stream in streams for entry in stream if entry.fact.at < at]
        for _, instant in _instants(before, lambda entry: entry):
            for entry in self._canonical(instant):
                fold_one(self._state, entry.fact)
                behind |= dict.fromkeys((change.column for change in shown.changes(self._state)), entry)
        behind.pop(OF_THE_LINK, None)
        return behind

    def _brings_history(self, move: Move) -> bool:
        streams = [self._history.streams[customer] for customer in move.joined]
        return bool(move.departed) or any(entry.fact.at < move.at for stream in streams for entry in stream)

    def _relink(self, move: Move | None) -> None:
        if move is not None:
            kept = {customer: at for customer, at in self._linked.items() if customer not in move.departed}
            self._linked = kept | dict.fromkeys(move.joined, move.at)

    def _ordered(self, happened: list[HistoryFact]) -> tuple[list[HistoryFact], list[HistoryFact]]:
        """(events that are folded, events of customers not owned now), each in canonical order."""
        folded = [
            e for e in happened if e.fact.id in self._own or self._customers.get(e.fact.id) in self._linked
        ]
        ids = {entry.fact.id for entry in folded}
        waiting = [entry for entry in happened if entry.fact.id not in ids]
        return self._canonical(folded), self._canonical(waiting)

    def _canonical(self, instant: list[HistoryFact]) -> list[HistoryFact]:
        by_id = {entry.fact.id: entry for entry in instant}
        facts = [entry.fact for entry in by_id.values()]
        return [by_id[fact.id] for fact in order_instant(facts, self._state)]

    def _catalog(self) -> Catalog:
        return fold_catalog(map(plan_event, self._plans))


def _problem(state: State) -> str | None:
    return f"{state.poison.field}: {state.poison.reason}" if state.poison else None


def _instants(entries: Iterable[T], entry_of: Callable[[T], HistoryFact]) -> Iterator[tuple[int, list[T]]]:
    """Entries by instant, oldest first."""

    def at(item: T) -> int:
        return entry_of(item).fact.at

    for instant, group in groupby(sorted(entries, key=at), key=at):
        yield instant, list(group)
