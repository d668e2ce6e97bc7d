"""A row of the log to a Fact. Never raises: an unreadable row becomes a fact with a problem."""

from collections.abc import Callable
from functools import lru_cache
from typing import Any

import orjson
from msgspec import Raw, UnsetType
from msgspec.structs import fields, replace

from events.errors import UnreadablePayload
from events.routing import index_key
from events.text import storable_json
from projections.errors import Unfoldable
from projections.facts import STRIPE_OBJECTS, Body, ClerkUserDeleted, Fact, FactProblem, OwnFact
from projections.shapes import clerk, stripe
from projections.shapes.customer import CustomerFact
from projections.shapes.subscription import SubscriptionFact

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
            problem = FactProblem("$", str(error))
        except Unfoldable as error:
            problem = FactProblem(error.field, error.reason)
        except Exception as error:  # a bug in a reader stops one user, not the projector
            problem = FactProblem("$", f"{type(error).__name__} in the reader")
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
    customer = getattr(body, "customer", None)
    if customer == route_key or not (customer or isinstance(body, SubscriptionFact)):
        return body
    return replace(body, customer=route_key)


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


STRIPE_KINDS = tuple(
    (pattern.removesuffix("*"), stripe_object.kind)
    for stripe_object in STRIPE_OBJECTS
    for pattern in stripe_object.events
    if pattern.endswith("*")
)
EXACT_KINDS = {
    event_type: stripe_object.kind
    for stripe_object in STRIPE_OBJECTS
    for event_type in stripe_object.events
    if not event_type.endswith("*")
}
STRIPE_READERS: dict[str, StripeReader] = {one.kind: one.read for one in STRIPE_OBJECTS}
# Previous values of other attributes do not affect the order.
TRACKED = {
    one.kind: frozenset(field.name for field in fields(one.shape)) - {"id", "object", "created", "deleted"}
    for one in STRIPE_OBJECTS
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
