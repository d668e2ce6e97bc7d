"""A user's history step by step: each event beside the columns it changed."""

from collections.abc import Iterator
from datetime import datetime
from itertools import groupby
from typing import Any, NamedTuple

from events.clock import from_micros
from projections.catalog import Catalog, fold_catalog
from projections.facts import Fact
from projections.fold import CORES, fold_one
from projections.links import Moment
from projections.order import order_instant
from projections.rows import Row, cells_of
from projections.state import Core, State
from queries.past import Entry, Past, plan_event

BILLING = "user_billing"


class Change(NamedTuple):
    """One column before and after an event."""

    table: str
    column: str
    old: Any  # Any: a column's value
    new: Any  # Any: a column's value


class Step(NamedTuple):
    """One event of a canonical history.

    `arrived_late`: an event that belongs after this one was recorded before it.
    `problem` says why the history stops here, when it does.
    """

    entry: Entry
    changes: list[Change]
    arrived_late: bool
    problem: str | None

    @property
    def occurred_at(self) -> datetime:
        return from_micros(self.entry.fact.at)


def timeline(found: Past) -> list[Step]:
    """The user's events in canonical order; a plan's publication stands among them where it changed
    one of their columns."""
    walked = list(_walk(found))
    late = _late(walked)
    return [
        Step(entry, changes, lateness, problem)
        for (entry, changes, problem), lateness in zip(walked, late, strict=True)
    ]


Walked = tuple[Entry, list[Change], str | None]


def _walk(found: Past) -> Iterator[Walked]:
    joining = _Joining(found)
    state = State(user_id=found.user_id, links=joining.from_the_start)
    plans: list[Entry] = []
    shown = _Shown()
    for entry, is_plan in _canonical(found, state):
        stopped = state.poison is not None
        if is_plan:
            plans.append(entry)
            shown.under(fold_catalog(map(plan_event, plans)))
        else:
            joining.before(state, entry.fact)
            fold_one(state, entry.fact)
            joining.after(state)
        changes = shown.changes(state)
        if state.cores and (changes or not is_plan):
            poison = None if stopped else state.poison
            yield entry, changes, f"{poison.field}: {poison.reason}" if poison else None


class _Joining:
    """Links come with the event that made them, so that no earlier one is told to have set the customer.

    The fold itself knows a user's links beforehand: what it says at the end is the same.
    """

    def __init__(self, found: Past) -> None:
        told = {(entry.fact.at, entry.fact.key) for entry in found.entries}
        self._by_moment: dict[Moment, dict[str, int]] = {}
        self.from_the_start: dict[str, int] = {}
        for customer, moment in found.claimed.items():
            links = self._by_moment.setdefault(moment, {}) if moment in told else self.from_the_start
            links[customer] = found.links[customer]
        self._joined = False

    def before(self, state: State, fact: Fact) -> None:
        links = self._by_moment.get((fact.at, fact.key), {})
        self._joined = bool(links) and state.poison is None
        state.links |= links

    def after(self, state: State) -> None:
        """An event that links need not be one that touches billing."""
        if self._joined and state.poison is None:
            state.cores[BILLING] = CORES[BILLING](state)


class _Shown:
    """What the rows showed last: only a table whose core or catalog changed is looked at again."""

    def __init__(self) -> None:
        self._catalog = Catalog()
        self._cores: dict[str, Core] = {}
        self._cells: dict[str, Row] = {}

    def under(self, catalog: Catalog) -> None:
        self._catalog = catalog
        self._cores.clear()

    def changes(self, state: State) -> list[Change]:
        found: list[Change] = []
        for table, core in state.cores.items():
            if core is self._cores.get(table):
                continue
            old = self._cells.get(table, {})
            new, _ = cells_of(table, core, self._catalog)
            found += [
                Change(table, name, old.get(name), cell)
                for name, cell in new.items()
                if cell != old.get(name)
            ]
            self._cores[table], self._cells[table] = core, new
        return found


def _canonical(found: Past, state: State) -> Iterator[tuple[Entry, bool]]:
    """Entries in canonical order, and whether each is the catalog's. The caller folds `state` on
    between one instant and the next, since an instant's order may depend on what was before it."""
    entries = [(entry, False) for entry in found.entries] + [(entry, True) for entry in found.plan_entries]
    entries.sort(key=lambda pair: pair[0].fact.at)
    for _, group in groupby(entries, key=lambda pair: pair[0].fact.at):
        instant = list(group)
        yield from (pair for pair in instant if pair[1])
        own = {entry.fact.id: entry for entry, is_plan in instant if not is_plan}
        for fact in order_instant([entry.fact for entry in own.values()], state):
            yield own[fact.id], False


def _late(walked: list[Walked]) -> list[bool]:
    """Whether anything that comes after an entry was recorded before it."""
    earliest_after = None
    late: list[bool] = []
    for entry, _, _ in reversed(walked):
        late.append(earliest_after is not None and earliest_after < entry.recorded)
        earliest_after = entry.recorded if earliest_after is None else min(earliest_after, entry.recorded)
    return late[::-1]
