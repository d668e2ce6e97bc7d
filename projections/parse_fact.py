"""A row of the log to a Fact. Never raises: an unreadable row becomes a fact with a problem."""

from collections.abc import Callable
from functools import lru_cache
from typing import Any

import orjson
from msgspec import Raw, Struct, UnsetType
from msgspec.structs import fields, replace

from events.errors import UnreadablePayload
from events.routing import index_key
from events.text import storable_json
from projections.errors import Unfoldable
from projections.facts import (
    Body,
    Checkout,
    ClerkUserDeleted,
    CustomerFact,
    Fact,
    OwnFact,
    PaymentMethodFact,
    Problem,
    SubscriptionFact,
)
from projections.shapes import clerk, stripe

StripeReader = Callable[[Raw | dict[str, Any], str, str], Body]  # Any: parsed JSON


def read(
    *,
    at: int,
    source: str,
    event_type: str,
    key: str,
    event_id: str,
    part: int,
    position: int,
    route_key: str,
    payload: str | None,
) -> Fact:
    """The fact of an event. An erased payload (None) gives a fact without a body."""
    body: Body | None = None
    before: Body | None = None
    problem = None
    if payload is not None:
        try:
            body, before = _bodies(source, event_type, route_key, storable_json(payload))
        except UnreadablePayload as error:
            problem = Problem("$", str(error))
        except Unfoldable as error:
            problem = Problem(error.field, error.reason)
        except Exception as error:  # a bug in a reader stops one user, not the projector
            problem = Problem("$", f"{type(error).__name__} in the reader")
    return Fact(at, source, event_type, key, event_id, part, position, body, before, problem)  # type: ignore[arg-type]


def _bodies(source: str, event_type: str, route_key: str, payload: str) -> tuple[Body | None, Body | None]:
    if source == "tenure":
        return OwnFact(payload), None
    if source == "clerk":
        return _clerk_body(event_type, payload), None
    kind = _stripe_kind(event_type)
    if kind is None:
        return None, None
    data = stripe.read_event(payload)
    account = route_key.rpartition("/")[0] + "/" if "/" in route_key else ""
    body = STRIPE_READERS[kind](data.object, account, event_type)
    if not _belongs(body, route_key, account):
        return None, None
    if isinstance(data.previous_attributes, UnsetType):
        return _filed(body, route_key), None
    before = _body_before(kind, body, data.object, data.previous_attributes, account)
    return _filed(body, route_key), None if before is None else _filed(before, route_key)


def _belongs(body: Body, route_key: str, account: str) -> bool:
    """False for an object that names another customer than the one its event is filed under.

    Such an event stays in the history of the customer it is filed under, as an event without an
    object: it neither changes nor claims anything.
    """
    customer = body.id if isinstance(body, CustomerFact) else getattr(body, "customer", None)
    return customer in (None, account, route_key) or index_key(customer) == route_key


def _filed(body: Body, route_key: str) -> Body:
    """The object under the customer of its route, so that no user shows another user's customer."""
    if isinstance(body, CustomerFact):
        return body if body.id == route_key else replace(body, id=route_key)
    if isinstance(body, SubscriptionFact) or (
        isinstance(body, PaymentMethodFact | Checkout) and body.customer
    ):
        return body if body.customer == route_key else replace(body, customer=route_key)
    return body


def _clerk_body(event_type: str, payload: str) -> Body | None:
    if event_type in ("clerk.user.created", "clerk.user.updated"):
        return clerk.user(payload)
    return ClerkUserDeleted() if event_type == "clerk.user.deleted" else None


def _body_before(kind: str, body: Body, current: Raw, previous: Raw, account: str) -> Body | None:
    """The object with its previous attributes restored; None when they can't be applied."""
    try:
        changed = orjson.loads(bytes(previous))
        if not isinstance(changed, dict):
            return None
        if TRACKED[kind].isdisjoint(changed):
            return body
        return STRIPE_READERS[kind](_overlaid(orjson.loads(bytes(current)), changed), account, "")
    except (Unfoldable, ValueError):
        return None


def _overlaid(now: Any, then: Any) -> Any:  # Any: parsed JSON
    """Restore previous values: Stripe sends only the changed keys of a hash, but the whole of a list."""
    if not isinstance(now, dict) or not isinstance(then, dict):
        return then
    if then.get("object") == "list" or isinstance(then.get("data"), list):
        return then
    return now | {key: _overlaid(now.get(key), value) for key, value in then.items()}


@lru_cache(maxsize=4096)
def _stripe_kind(event_type: str) -> str | None:
    """The kind of reader for an event type; None for the many types that no table needs."""
    for prefix, kind in STRIPE_KINDS:
        if event_type.startswith(prefix):
            return kind
    return EXACT_KINDS.get(event_type)


STRIPE_KINDS = (
    ("stripe.customer.subscription.", "subscription"),
    ("stripe.snapshot.subscription", "subscription"),
    ("stripe.snapshot.customer", "customer"),
    ("stripe.snapshot.payment_method", "payment_method"),
    ("stripe.payment_method.", "payment_method"),
    ("stripe.customer.source.", "source"),
    ("stripe.customer.card.", "source"),
    ("stripe.checkout.session.", "checkout"),
)
EXACT_KINDS = {
    "stripe.customer.created": "customer",
    "stripe.customer.updated": "customer",
    "stripe.customer.deleted": "customer",
    "stripe.invoice.paid": "invoice",
    "stripe.invoice.payment_succeeded": "invoice",
}
# Each kind of object that a table reads: its shape, and the reader of that shape.
STRIPE_OBJECTS: dict[str, tuple[type[Struct], StripeReader]] = {
    "subscription": (stripe.SubscriptionShape, stripe.subscription),
    "customer": (stripe.CustomerShape, stripe.customer),
    "payment_method": (stripe.PaymentMethodShape, stripe.payment_method),
    "source": (stripe.SourceShape, stripe.source),
    "invoice": (stripe.InvoiceShape, stripe.invoice_paid),
    "checkout": (stripe.CheckoutShape, stripe.checkout),
}
STRIPE_READERS = {kind: reader for kind, (_, reader) in STRIPE_OBJECTS.items()}
# Previous values of other attributes do not affect the order.
TRACKED = {
    kind: frozenset(field.name for field in fields(shape)) - {"id", "object", "created", "deleted"}
    for kind, (shape, _) in STRIPE_OBJECTS.items()
}
# The same as LIKE patterns: other events are read without their payload.
READ_PATTERNS = [
    *(prefix.replace("_", r"\_") + "%" for prefix, _ in STRIPE_KINDS),
    *(event_type.replace("_", r"\_") for event_type in EXACT_KINDS),
    "clerk.user.%",
]
# Of a customer's events, those whose object may name a user.
CLAIM_PATTERNS = [
    pattern
    for pattern in READ_PATTERNS
    if pattern.startswith(("stripe.customer.", "stripe.snapshot.", "stripe.checkout."))
]
