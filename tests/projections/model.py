"""The law in its plainest form: a set of events to rows, all in memory, nothing incremental.

`state(user) = fold(canonical_order(events of the user and of the customers linked to them), catalog)`
"""

from collections.abc import Iterable
from typing import Any

from events.clock import micros
from events.envelope import NewEvent
from projections.accounts import account_of
from projections.catalog import Catalog, PlanEvent, fold_catalog
from projections.claiming import Evidence, settled
from projections.facts import Fact
from projections.fold import present, refold
from projections.links import Claim, Claims
from projections.log_reader import Routed, whose
from projections.relinking import deletions_in, evidence_in
from projections.rows import rows_of
from projections.state import State
from tests.projections.event_builders import USER, facts_of, published

Columns = dict[str, Any]  # Any: one type a column

DEFAULT_PLANS = (
    published("free", campaigns=0, creators=0, features={}),
    published(
        "glow_up",
        campaigns=3,
        creators=1000,
        features={"csv": True},
        monthly="price_glow_up_monthly",
        yearly="price_glow_up_yearly",
    ),
    published(
        "viral_surge",
        campaigns=10,
        creators=10_000,
        monthly="price_viral_surge_monthly",
        yearly="price_viral_surge_yearly",
    ),
    published(
        "fame_flex",
        campaigns=-1,
        creators=-1,
        monthly="price_fame_flex_monthly",
        yearly="price_fame_flex_yearly",
    ),
)


def catalog_of(events: Iterable[NewEvent]) -> Catalog:
    """The catalog after the plan events among these."""
    return fold_catalog(
        PlanEvent(micros(e.occurred_at), e.event_type, e.idempotency_key, e.payload)
        for e in events
        if e.route_key == "catalog"
    )


CATALOG = catalog_of(DEFAULT_PLANS)


def evidence_of(events: Iterable[NewEvent]) -> dict[str, Evidence]:
    """Customer to what the events say of it."""
    return evidence_in(_routed(events))


def claims_of(events: Iterable[NewEvent]) -> dict[str, Claims]:
    """Customer to everything said about whose it is."""
    history = list(events)
    deletions = deletions_of(history)
    return {customer: settled(evidence, deletions) for customer, evidence in evidence_of(history).items()}


def deletions_of(events: Iterable[NewEvent]) -> dict[str, list[Claim]]:
    """User to when they were deleted and restored."""
    return deletions_in(_routed(events))


def links_of(events: Iterable[NewEvent]) -> dict[str, dict[str, int]]:
    """User to {customer: linked since}."""
    links: dict[str, dict[str, int]] = {}
    for customer, claims in claims_of(events).items():
        owner = claims.owner() if account_of(customer) is None else None
        if owner is not None and owner.user is not None:
            links.setdefault(owner.user, {})[customer] = owner.at
    return links


def routed(events: Iterable[NewEvent]) -> dict[str, list[Fact]]:
    """User to the facts of their own route and of the customers linked to them."""
    history = list(events)
    owners = {customer: user for user, owned in links_of(history).items() for customer in owned}
    histories: dict[str, list[Fact]] = {}
    for event in _routed(history):
        owner = owners.get(event.route_key) if event.is_customer else None
        if event.is_user:
            owner = event.route_key
        if owner is not None:
            histories.setdefault(owner, []).append(event.fact)
    return histories


def states_of(events: Iterable[NewEvent]) -> dict[str, State]:
    """Each user's state after their whole history."""
    history = list(events)
    links = links_of(history)
    return {
        owner: present(refold(owner, links.get(owner, {}), facts)) for owner, facts in routed(history).items()
    }


def tables_of(events: Iterable[NewEvent], catalog: Catalog = CATALOG) -> dict[str, dict[str, Columns]]:
    """User to table to row."""
    return {owner: rows_of(state, catalog) for owner, state in states_of(events).items()}


def profile(*events: NewEvent, user_id: str = USER, catalog: Catalog = CATALOG) -> Columns:
    """One user's flat profile: the columns of all five tables that no two share."""
    rows = tables_of(events, catalog)[user_id]
    shared = {"id", "user_id", "created_at", "updated_at"}
    flat = {name: value for row in rows.values() for name, value in row.items() if name not in shared}
    return flat | {"user_id": rows["users"]["user_id"], "created_at": rows["users"]["created_at"]}


def state_of(*events: NewEvent, user_id: str = USER) -> State:
    return states_of(events)[user_id]


def _routed(events: Iterable[NewEvent]) -> list[Routed]:
    history = list(events)
    return [
        Routed(fact, event.route_key, *whose(event.source_system, event.aggregate_type))
        for event, fact in zip(history, facts_of(history), strict=True)
    ]
