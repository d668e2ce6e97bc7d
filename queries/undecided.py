"""Whether the events of one instant leave open which value a column has: their order is known to nobody.

The canonical order is a function of the events, so a value is always the same; where the snapshots
allow another order as well, and that one gives another value, it is marked as undecided.
"""

from collections.abc import Callable, Sequence
from operator import attrgetter

from projections.catalog import Catalog
from projections.facts import Fact
from projections.fold import fold_on, fold_one
from projections.order import alternatives, order_instant
from projections.rows import TABLES, cells_of
from projections.state import State
from projections.stripe_objects import attached_last, attached_with
from queries.past import Past

MOST_FOLDED = 20_000
"""Facts folded in search of another value; with more of them in play the value counts as decided."""

Value = Callable[[State], object]


def undecided_reason(found: Past, column: str, at: int) -> str | None:
    """Why the value that a column got at an instant (microseconds) is not certain; None if it is."""
    facts = sorted((entry.fact for entry in found.entries), key=attrgetter("at"))
    instant = [fact for fact in facts if fact.at == at]
    if column in CANONICAL or sum(fact.source != "tenure" for fact in instant) < 2:
        return None
    before = State(user_id=found.user_id, links=dict(found.links))
    fold_on(before, [fact for fact in facts if fact.at < at])
    later = [fact for fact in facts if fact.at > at][:MOST_FOLDED]
    types = _types_in_question(before, instant, later, _reader(column, found.catalog()))
    if not types:
        return None
    return f"several events of this second, and their order is not known: {', '.join(types)}"


def _types_in_question(before: State, instant: list[Fact], later: Sequence[Fact], value: Value) -> list[str]:
    """Types of the events whose order would give another value, now or after what came later."""
    canonical = _folded(before, order_instant(instant, before))
    is_tied = column_of_card_is_tied(canonical)
    in_question: set[str] = set()
    for order in alternatives(instant, before)[: MOST_FOLDED // (len(instant) + len(later))]:
        other = _folded(before, order)
        if value(other) == value(canonical):
            continue
    return sorted(in_question)


def _folded(state: State, facts: Sequence[Fact]) -> State:
    state = state.copy()
    for fact in facts:
        fold_one(state, fact)
    return state
