"""The event behind the plan in force."""

from collections.abc import Sequence
from datetime import datetime

from psycopg.rows import tuple_row

from events.clock import micros
from events.domain import user as own
from events.routing import part_of
from events.statements import AnyConnection, statement
from projections.facts import Fact, OwnFact
from projections.log_reader import routed
from projections.shapes.subscription import SubscriptionFact
from projections.state import State
from projections.stripe_objects import current_subscription

MAX_EVENTS = 100


def event_behind(
    conn: AnyConnection,
    state: State,
    source: str,
    *,
    as_of: datetime | None = None,
    known_at: datetime | None = None,
) -> str | None:
    """The id of the last event within the bounds that set the plan; None for the free plan."""
    current = current_subscription(state)
    route = current.customer if source == "subscription" and current else state.user_id
    types = EVENT_TYPES.get(source)
    if types is None:
        return None
    parameters = {
        "part": part_of(route),
        "route_key": route,
        "types": [prefix.replace("_", r"\_") + "%" for prefix in types],
        "limit": MAX_EVENTS,
        "as_of": as_of,
        "known_at": known_at,
    }
    with conn.cursor(row_factory=tuple_row, binary=True) as cursor:
        rows = cursor.execute(statement("queries", "events_that_said"), parameters).fetchall()
    matching = [fact for row in rows if _matches(fact := routed(row).fact, state, source)]
    return max(matching, key=lambda fact: (fact.at, fact.position)).id if matching else None


def _matches(fact: Fact, state: State, source: str) -> bool:
    if not fact.type.startswith(_beginnings(source)):
        return False
    if source == "subscription":
        return isinstance(fact.body, SubscriptionFact) and fact.body == current_subscription(state)
    if not isinstance(fact.body, OwnFact):
        return False
    if source == "grant":
        until = own.EntitlementGranted.model_validate_json(fact.body.payload).until
        return state.grant is not None and state.grant.until == (None if until is None else micros(until))
    ends_at = own.TrialExtended.model_validate_json(fact.body.payload).ends_at  # a start has one as well
    return micros(ends_at) == state.trial.ends_at


def _beginnings(source: str) -> tuple[str, ...]:
    return tuple(EVENT_TYPES.get(source, ()))


EVENT_TYPES: dict[str, Sequence[str]] = {
    "grant": ("entitlement.granted",),
    "subscription": ("stripe.customer.subscription.", "stripe.snapshot.subscription"),
    "own_trial": ("trial.started", "trial.extended"),
}
