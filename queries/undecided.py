"""Whether the snapshots of one instant leave a column's value undecided.

The canonical order is a function of the events, so every derivation gives the same value. If the snapshots
allow another order that gives another value, the value is marked as undecided.
"""

from itertools import groupby, islice
from operator import attrgetter

from msgspec.structs import replace

from projections.catalog import Catalog
from projections.facts import Fact
from projections.fold import fold_on, fold_one
from projections.order import alternatives, order_instant
from projections.rows import as_json, cells_of
from projections.state import State, encode_state
from projections.tables.registry import TABLE_OF, TABLES
from queries.history_at import BoundedHistory

MAX_LATER = 2_000
MAX_FOLDED = 5_000
"""Limits of later events and folded facts in the search for another value; further orders are ignored."""

CANONICAL = frozenset({"last_webhook_event", "last_webhook_timestamp"})
"""Columns that the canonical order itself defines."""


def undecided_reason(history: BoundedHistory, column: str, at: int) -> str | None:
    """Why a column's value since an instant (microseconds) is not certain; None if it is."""
    facts = sorted((entry.fact for entry in history.entries), key=attrgetter("at"))
    instant = [fact for fact in facts if fact.at == at]
    before = (
        history.base.state.copy()
        if history.base
        else State(user_id=history.user_id, links=dict(history.links))
    )
    fold_on(before, [fact for fact in facts if fact.at < at])
    state = _after(before, order_instant(instant, before))
    orders = islice(alternatives(instant, before), MAX_FOLDED // len(instant) + 1)
    possible = {encode_state(other): other for other in (_after(before, order) for order in orders)}
    others = _still_differing(state, list(possible.values()), [fact for fact in facts if fact.at > at])
    catalog = history.catalog()
    values = {_value(other, column, catalog) for other in others} - {_value(state, column, catalog)}
    if not values:
        return None
    return f"the events of this instant allow another order, which gives {' or '.join(sorted(values))}"


def _after(before: State, order: list[Fact]) -> State:
    state = before.copy()
    for fact in order:
        fold_one(state, fact)
    return state


def _still_differing(state: State, others: list[State], later: list[Fact]) -> list[State]:
    """The other states that later facts do not make equal to `state`; all are folded further.

    States that are equal once stay equal, and folding ends when no other state remains.
    """
    folded = 0
    others = [other for other in others if not _alike(state, other)]
    for _, group in groupby(later[:MAX_LATER], key=attrgetter("at")):
        instant = list(group)
        folded += len(instant) * (len(others) + 1)
        if not others or folded > MAX_FOLDED:
            break
        for candidate in (state, *others):
            fold_on(candidate, instant)
        others = [other for other in others if not _alike(state, other)]
    return others


def _alike(state: State, other: State) -> bool:
    """True if later facts give both the same values, though perhaps since other instants."""
    return replace(other, changed_at=state.changed_at, cells_at=state.cells_at) == state


def may_be_undecided(history: BoundedHistory, column: str, at: int) -> bool:
    """Whether several provider events share the instant, so that a search is worthwhile."""
    return (
        column not in CANONICAL
        and sum(e.fact.at == at and e.fact.source != "tenure" for e in history.entries) > 1
    )


def _value(state: State, column: str, catalog: Catalog) -> str:
    """The column as text."""
    table = TABLE_OF[column]
    cells, _ = cells_of(TABLES[table], state.cores[table], catalog)
    return as_json(cells[column]).decode().strip('"')
