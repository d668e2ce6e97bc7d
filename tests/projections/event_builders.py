"""Small events for tests: what a provider or we would say, as the doors would file it.

Times are seconds after START; ids count up, so that a test names only what its rule needs.
"""

import json
from collections.abc import Iterable
from datetime import UTC, datetime
from hashlib import sha256
from itertools import count
from typing import Any
from uuid import NAMESPACE_OID, uuid5

from events.clock import from_micros, micros
from events.domain import DomainEvent, plan_event, user_event
from events.domain.system import PlanPublished
from events.envelope import NewEvent
from events.routing import part_of
from projections.facts import Fact
from projections.parse_fact import read
from webhooks.clerk.envelope import clerk_event
from webhooks.stripe.envelope import stripe_event
from webhooks.verification import Secret, Verified

Json = dict[str, Any]  # Any: JSON values

START = 1_767_225_600  # 2026-01-01T00:00:00Z
DAY = 86_400
USER = "user_ada"
CUSTOMER = "cus_ada"
SUBSCRIPTION = "sub_ada"

_numbers = count(1)


def instant(at: float) -> datetime:
    """The instant so many seconds after START."""
    return from_micros(round((START + at) * 1_000_000))


def stripe(
    kind: str,
    stripe_object: Json,
    *,
    at: float = 0,
    was: Json | None = None,
    key: str | None = None,
    **envelope: Any,  # Any: JSON values
) -> NewEvent:
    """A snapshot event; `was` is its previous_attributes."""
    data = {"object": stripe_object} | ({} if was is None else {"previous_attributes": was})
    event = {
        "id": key or f"evt_{next(_numbers):06}",
        "object": "event",
        "type": kind,
        "created": START + int(at),
        "livemode": True,
        "data": data,
    } | envelope
    return stripe_event(event, json.dumps(event), _verified("stripe"))


def clerk(kind: str, data: Json, *, at: float = 0, key: str | None = None) -> NewEvent:
    """A Clerk event; users carry `updated_at`, others only the event's timestamp."""
    at_ms = round((START + at) * 1000)
    if kind in ("user.created", "user.updated"):
        data = {"updated_at": at_ms} | data
    event = {"object": "event", "type": kind, "timestamp": at_ms, "data": data}
    return clerk_event(event, json.dumps(event), _verified(key or f"msg_{next(_numbers):06}"))


def own(fact: DomainEvent, *, at: float = 0, user: str = USER, key: str | None = None) -> NewEvent:
    """An event of ours about one user."""
    name = key or f"{fact.event_type}:{next(_numbers):06}"
    return user_event(fact, user_id=user, now=instant(at), idempotency_key=name)


def published(
    plan_key: str,
    *,
    campaigns: int = 5,
    creators: int = 100,
    monthly: str | None = None,
    yearly: str | None = None,
    at: float = -DAY,
    **fields: Any,  # Any: the model checks them
) -> NewEvent:
    """A version of a plan."""
    fact = PlanPublished(
        plan_key=plan_key,
        plan_name=plan_key.replace("_", " ").title(),
        campaigns_limit=campaigns,
        creators_limit=creators,
        stripe_price_id_monthly=monthly,
        stripe_price_id_yearly=yearly,
        **fields,
    )
    return plan_event(fact, now=instant(at), idempotency_key=f"plan:{plan_key}:{next(_numbers):06}")


def user(user_id: str = USER, *, email: str | None = "ada@example.com", **fields: Any) -> Json:
    """A Clerk user with one primary address."""
    emails = [{"id": "idn_1", "email_address": email}] if email else []
    return {
        "id": user_id,
        "object": "user",
        "first_name": "Ada",
        "last_name": "Lee",
        "primary_email_address_id": "idn_1" if email else None,
        "email_addresses": emails,
        "public_metadata": {},
        "unsafe_metadata": {},
        "created_at": START * 1000,
    } | fields


def subscription(status: str = "active", *, price: Json | None = None, **fields: Any) -> Json:
    """A subscription in the shape since basil: the period stands on the item."""
    usual = {
        "id": SUBSCRIPTION,
        "object": "subscription",
        "customer": CUSTOMER,
        "status": status,
        "created": START,
        "cancel_at": None,
        "cancel_at_period_end": False,
        "canceled_at": None,
        "ended_at": None,
        "trial_start": None,
        "trial_end": None,
        "default_payment_method": None,
        "metadata": {},
        "items": {"object": "list", "data": [item(price or glow_up())]},
    }
    return usual | fields


def item(price: Json, *, ends: int | None = 30 * DAY) -> Json:
    """A subscription item; `ends` is seconds after START, None for the shape before basil."""
    period = {} if ends is None else {"current_period_end": START + ends}
    return {"id": "si_1", "object": "subscription_item", "price": price} | period


def glow_up() -> Json:
    return price("price_glow_up_monthly")


def price(price_id: str, *, lookup_key: str | None = None, **metadata: str) -> Json:
    return {"id": price_id, "object": "price", "lookup_key": lookup_key, "metadata": metadata}


def customer(customer_id: str = CUSTOMER, **fields: Any) -> Json:
    """A customer that says whose it is."""
    return {
        "id": customer_id,
        "object": "customer",
        "address": None,
        "invoice_settings": {"default_payment_method": None},
        "metadata": {"userId": USER},
    } | fields


def card(method_id: str = "pm_1", *, last4: str = "4242", **fields: Any) -> Json:
    """A payment method of type card."""
    return {
        "id": method_id,
        "object": "payment_method",
        "customer": CUSTOMER,
        "type": "card",
        "card": {"brand": "visa", "last4": last4, "exp_month": 4, "exp_year": 2031},
        "billing_details": {"address": None},
    } | fields


def session(**fields: Any) -> Json:
    return {
        "id": "cs_1",
        "object": "checkout.session",
        "customer": CUSTOMER,
        "client_reference_id": None,
        "metadata": {},
    } | fields


def invoice(amount_paid: int, **fields: Any) -> Json:
    return {
        "id": "in_1",
        "object": "invoice",
        "customer": CUSTOMER,
        "amount_paid": amount_paid,
        "billing_reason": "subscription_cycle",
        "parent": {"subscription_details": {"subscription": SUBSCRIPTION}},
    } | fields


def address(city: str, country: str, postal_code: str) -> Json:
    return {"city": city, "country": country, "line1": "1 Road", "postal_code": postal_code}


def linked(*, at: float = 0, user_id: str = USER, customer_id: str = CUSTOMER) -> NewEvent:
    """The customer says whose it is; nothing else in it."""
    payload = customer(customer_id, metadata={"userId": user_id})
    return stripe("customer.created", payload, at=at)


def two_snapshots_of_one_second() -> list[NewEvent]:
    """A status that nobody can know: neither snapshot says what was before it."""
    statuses = {"evt_a": "past_due", "evt_b": "active"}
    return [linked()] + [
        stripe("customer.subscription.updated", subscription(status), at=5, key=key)
        for key, status in statuses.items()
    ]


def facts_of(events: Iterable[NewEvent]) -> list[Fact]:
    """What a fold sees of the events; each one's id follows from its key."""
    return [
        read(
            at=micros(event.occurred_at),
            source=event.source_system,
            event_type=event.event_type,
            key=event.idempotency_key,
            event_id=str(uuid5(NAMESPACE_OID, event.idempotency_key)),
            part=part_of(event.route_key),
            position=1,
            route_key=event.route_key,
            payload=event.payload,
        )
        for event in events
    ]


def _verified(message_id: str) -> Verified:
    secret = Secret(0, sha256(b"test").hexdigest()[:12], b"test")
    return Verified(secret, datetime(2026, 1, 1, tzinfo=UTC), "t=0,v1=0", message_id)
