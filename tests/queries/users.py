"""Users put straight into the tables, as a projector would leave them."""

from datetime import UTC, datetime
from typing import Any

import msgspec
from psycopg import Connection
from psycopg.sql import SQL, Identifier
from psycopg.types.json import Jsonb

from events.append import append
from events.envelope import Appended, NewEvent
from events.identifiers import derived_id
from projections.links import BY_METADATA, Claim, Claims

AT = datetime(2026, 3, 3, 12, 0, 0, 1, UTC)

_DEFAULTS: dict[str, dict[str, Any]] = {  # Any: one type a column
    "users": {"onboarding_step": "pending", "is_admin": False},
    "user_subscriptions": {
        "current_plan": "free",
        "subscription_status": "none",
        "trial_status": "pending",
        "billing_sync_status": "pending",
    },
    "user_billing": {},
    "user_usage": {
        "plan_campaigns_limit": 0,
        "plan_creators_limit": 0,
        "plan_features": Jsonb({}),
        "usage_campaigns_current": 0,
        "usage_creators_current_month": 0,
        "enrichments_current_month": 0,
        "usage_reset_date": AT,
    },
    "user_system_data": {"email_schedule_status": Jsonb({})},
}


def add_user(conn: Connection[Any], user_id: str, **tables: dict[str, Any]) -> None:
    """One row in each of the five tables; `user_billing={"card_last4": "4242"}` sets columns."""
    row_id = derived_id("users", user_id)
    for table, defaults in _DEFAULTS.items():
        owner: object = user_id if table == "users" else row_id
        own_id = row_id if table == "users" else derived_id(table, user_id)
        row = {"id": own_id, "user_id": owner, "created_at": AT, "updated_at": AT}
        _insert(conn, table, row | defaults | tables.get(table, {}))


def link(conn: Connection[Any], customer_id: str, user_id: str, claims: Claims | None = None) -> None:
    """A customer linked to a user; all of it from the beginning, unless the claims say otherwise."""
    if claims is None:
        claims = Claims(first_at=0, seen_at=0)
        claims.add_word("customer", Claim(0, "evt_link", 0, user_id, BY_METADATA))
    row = {
        "customer_id": customer_id,
        "user_id": user_id,
        "claims": Jsonb(msgspec.to_builtins(claims)),
        "claimed_by": claims.users(),
    }
    _insert(conn, "customer_links", row | {"created_at": AT, "updated_at": AT})


def add_plan(conn: Connection[Any], plan_key: str, **columns: Any) -> None:  # Any: as the column
    """A plan on offer."""
    row = {
        "id": derived_id("subscription_plans", plan_key),
        "plan_key": plan_key,
        "plan_name": plan_key.title(),
        "campaigns_limit": 3,
        "creators_limit": -1,
        "features": Jsonb({"exports": True}),
        "price_monthly": 9900,
        "price_yearly": 94800,
        "currency": "usd",
        "is_active": True,
        "display_order": 1,
        "created_at": AT,
        "updated_at": AT,
    }
    _insert(conn, "subscription_plans", row | columns)


def quarantine(conn: Connection[Any], user_id: str, event: Appended) -> None:
    """A user whose history stops at an event."""
    row = {
        "user_id": user_id,
        "part": event.part,
        "position": event.position,
        "event_id": event.id,
        "event_type": "clerk.user.updated",
        "occurred_at": AT,
        "field": "data",
        "reason": "not an object",
    }
    _insert(conn, "quarantine", row)


def append_event(conn: Connection[Any], key: str, **fields: Any) -> Appended:  # Any: as NewEvent
    """An event in the log."""
    usual: dict[str, Any] = {  # Any: as NewEvent
        "source_system": "stripe",
        "idempotency_key": key,
        "route_key": "cus_1",
        "aggregate_type": "stripe_customer",
        "aggregate_id": "cus_1",
        "event_type": "stripe.customer.updated",
        "payload": f'{{"id": "{key}"}}',
        "occurred_at": AT,
        "metadata": {"api_version": "2026-01-01"},
    }
    return append(conn, NewEvent(**usual | fields))


def _insert(conn: Connection[Any], table: str, row: dict[str, Any]) -> None:
    query = SQL("INSERT INTO {} ({}) VALUES ({})").format(
        Identifier(table),
        SQL(", ").join(map(Identifier, row)),
        SQL(", ").join(SQL("%s") for _ in row),
    )
    conn.execute(query, list(row.values()))
