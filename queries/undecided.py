"""Whether the snapshots of one instant leave open which value a column has.

The canonical order is a function of the events, so a value is the same wherever it is derived. Where the
snapshots allow another order as well, and that order gives another value, the value is marked as undecided.
"""

from itertools import islice
from operator import attrgetter

from projections.catalog import Catalog
from projections.facts import Fact
from projections.fold import fold_on, fold_one
from projections.order import alternatives, order_instant
from projections.rows import TABLES, as_json, cells_of
from projections.state import State
from queries.past import Past

MOST_LATER = 2_000
MOST_FOLDED = 20_000
"""Later events and facts folded in search of another value; orders beyond that are not looked at."""

CANONICAL = frozenset({"last_webhook_event", "last_webhook_timestamp"})
"""Columns that the canonical order itself defines."""


def undecided_reason(found: Past, column: str, at: int) -> str | None:
    """Why the value that a column got at an instant (microseconds) is not certain; None if it is."""
    facts = sorted((entry.fact for entry in found.entries), key=attrgetter("at"))
    instant = [fact for fact in facts if fact.at == at]
    before = found.base.state.copy() if found.base else State(user_id=found.user_id, links=dict(found.links))
    fold_on(before, [fact for fact in facts if fact.at < at])
    later = [fact for fact in facts if fact.at > at][:MOST_LATER]
    catalog = found.catalog()
    value = _value(before, order_instant(instant, before), later, column, catalog)
    orders = islice(alternatives(instant, before), MOST_FOLDED // (len(instant) + len(later)) + 1)
    others = {_value(before, order, later, column, catalog) for order in orders} - {value}
    if not others:
        return None
    return f"the events of this instant allow another order, which gives {' or '.join(sorted(others))}"


def may_be_undecided(found: Past, column: str, at: int) -> bool:
    """Whether it is worth looking: several of the providers' events share the instant."""
    return (
        column not in CANONICAL
        and sum(e.fact.at == at and e.fact.source != "tenure" for e in found.entries) > 1
    )


def _value(before: State, order: list[Fact], later: list[Fact], column: str, catalog: Catalog) -> str:
    """The column as text after the instant in that order and after what came later, which may settle it."""
    state = before.copy()
    for fact in order:
        fold_one(state, fact)
    fold_on(state, later)
    cells, _ = cells_of(TABLE_OF[column], state.cores[TABLE_OF[column]], catalog)
    return as_json(cells[column]).decode().strip('"')


TABLE_OF = {column: table for table, (columns, _) in TABLES.items() for column in columns}
