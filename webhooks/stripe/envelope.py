"""Stripe's events as the log stores them: any JSON object gives an envelope, whatever its types.

Shapes read: snapshot events (`object: event`), with the resource in `data.object`, and thin events
(`object: v2.core.event`), with `related_object` and ISO times.
Source: https://docs.stripe.com/api/events/object, https://docs.stripe.com/api/v2/core/events/object
"""

from datetime import datetime

from events.clock import EPOCH
from events.envelope import NewEvent
from events.routing import digest_key, index_key
from webhooks.lenient_json import (
    Json,
    at,
    from_iso,
    from_seconds,
    kept,
    name_of,
    name_or_id,
    text_at,
)
from webhooks.verification import Verified

SOURCE = "stripe"


def stripe_event(event: Json, text: str, verified: Verified) -> NewEvent:
    """The envelope of one delivery; all but `metadata` is a pure function of the signed body."""
    own_id = _event_id(event, text)
    resource, related = at(event, "data", "object"), event.get("related_object")
    customer, owner = _customer(event, resource, related), _owner(event)
    aggregate_type, aggregate_id = _aggregate(customer, resource, related, own_id)
    request_id = _request_id(event)
    correlation = request_id or text_at(resource, "id") or text_at(related, "id")
    return NewEvent(
        source_system=SOURCE,
        idempotency_key=index_key(_owned(own_id, owner)),
        route_key=index_key(_owned(customer, owner) if customer else owner or own_id),
        aggregate_type=aggregate_type,
        aggregate_id=index_key(aggregate_id),
        event_type=name_of(f"{SOURCE}.{text_at(event, 'type') or 'untyped'}"),
        payload=text,
        occurred_at=_occurred_at(event, resource),
        livemode=event.get("livemode") is not False,  # only a literal false is a test event
        metadata=verified.metadata() | _metadata(event, related, request_id),
        correlation_id=None if correlation is None else index_key(correlation),
    )


def _event_id(event: Json, text: str) -> str:
    """The event's id, else a digest of its body.

    The Dashboard's test events all have the id `evt_00000000000000`; they are different events.
    """
    event_id = text_at(event, "id")
    if event_id is None or not event_id.removeprefix("evt_").strip("0"):
        return digest_key(text.encode())
    return event_id


def _customer(event: Json, resource: object, related: object) -> str | None:
    """The event's customer. A detached payment method names it only in `previous_attributes`."""
    if text_at(related, "type") == "customer":
        return text_at(related, "id")
    if text_at(resource, "object") == "customer":
        return text_at(resource, "id")
    return name_or_id(at(resource, "customer")) or name_or_id(
        at(event, "data", "previous_attributes", "customer")
    )


def _owner(event: Json) -> str | None:
    """The connected account, or the context (an account, or an organisation's path), verbatim."""
    return text_at(event, "account") or text_at(event, "context")


def _owned(key: str, owner: str | None) -> str:
    return key if owner is None else f"{owner}/{key}"


def _aggregate(customer: str | None, resource: object, related: object, own_id: str) -> tuple[str, str]:
    if customer is not None:
        return "stripe_customer", customer
    for kind, key in (
        (text_at(resource, "object"), text_at(resource, "id")),
        (text_at(related, "type"), text_at(related, "id")),
    ):
        if kind is not None and key is not None:
            return name_of(f"stripe_{kind}"), key
    return "stripe_event", own_id


def _occurred_at(event: Json, resource: object) -> datetime:
    """The event's own time, else its object's, else 1970; the body alone decides."""
    created = event.get("created")
    return from_seconds(created) or from_iso(created) or from_seconds(at(resource, "created")) or EPOCH


def _metadata(event: Json, related: object, request_id: str | None) -> dict[str, object]:
    return kept(
        api_version=event.get("api_version"),
        livemode=event.get("livemode"),
        account=event.get("account"),
        context=event.get("context"),
        request_id=request_id,
        snapshot_event=event.get("snapshot_event"),
    ) | _related(related)


def _related(resource: object) -> dict[str, object]:
    if not isinstance(resource, dict):
        return {}
    related = kept(id=resource.get("id"), type=resource.get("type"), url=resource.get("url"))
    return {"related_object": related} if related else {}


def _request_id(event: Json) -> str | None:
    """The id of the causing API request: an object, plain text before 2017-05-25, nested when thin."""
    return name_or_id(event.get("request")) or text_at(event, "reason", "request", "id")
