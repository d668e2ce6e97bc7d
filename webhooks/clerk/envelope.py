"""Clerk's events as the log stores them: any JSON object gives an envelope, whatever its types.

Source: https://clerk.com/docs/webhooks/overview
"""

from datetime import datetime

from events.envelope import NewEvent
from events.routing import index_key
from webhooks.lenient_json import Json, at, from_millis, from_seconds, kept, name_of, text_at
from webhooks.verification import Verified

SOURCE = "clerk"

_MILLIS_FROM = 10**11  # as seconds this is the year 5138, as milliseconds 1973

# Event types where `data` itself is the user or the organisation.
_ITSELF = {"user": "user", "organization": "organization"}
_USER_PATHS = (("user_id",), ("public_user_data", "user_id"), ("payer", "user_id"))
_ORGANIZATION_PATHS = (("organization_id",), ("organization", "id"), ("payer", "organization_id"))


def clerk_event(event: Json, text: str, verified: Verified) -> NewEvent:
    """The envelope of one delivery: a pure function of the signed body and the message id."""
    message_id = verified.message_id or ""
    kind = text_at(event, "type") or "untyped"
    aggregate_type, aggregate_id = _aggregate(event.get("data"), kind) or (
        "clerk_event",
        message_id,
    )
    correlation = text_at(event, "data", "id")
    return NewEvent(
        source_system=SOURCE,
        idempotency_key=message_id,
        route_key=index_key(aggregate_id),
        aggregate_type=aggregate_type,
        aggregate_id=index_key(aggregate_id),
        event_type=name_of(f"{SOURCE}.{kind}"),
        payload=text,
        occurred_at=_occurred_at(event, kind) or verified.attempted_at,
        metadata=verified.metadata() | kept(instance_id=event.get("instance_id")),
        correlation_id=None if correlation is None else index_key(correlation),
    )


def _aggregate(subject: object, kind: str) -> tuple[str, str] | None:
    """The user the event is about, else the organisation; None for roles and permissions."""
    itself = _ITSELF.get(kind.partition(".")[0])
    if itself is not None:
        own_id = text_at(subject, "id")
        return None if own_id is None else (itself, own_id)
    return _first("user", subject, _USER_PATHS) or _first("organization", subject, _ORGANIZATION_PATHS)


def _first(
    aggregate_type: str, subject: object, paths: tuple[tuple[str, ...], ...]
) -> tuple[str, str] | None:
    for path in paths:
        aggregate_id = text_at(subject, *path)
        if aggregate_id is not None:
            return aggregate_type, aggregate_id
    return None


def _occurred_at(event: Json, kind: str) -> datetime | None:
    """When it happened, by the body alone.

    Users are ordered by their own `updated_at`; all else by the event's `timestamp`, which Clerk
    writes in seconds or milliseconds. None: the body has no time at all, and the first attempt's
    time stands in. That is no pure function of the body, but the retries are duplicates by id, so
    the first one stays.
    """
    if kind in ("user.created", "user.updated"):
        updated_at = from_millis(at(event, "data", "updated_at"))
        if updated_at is not None:
            return updated_at
    return (
        _from_either(event.get("timestamp"))
        or from_millis(at(event, "data", "updated_at"))
        or from_millis(at(event, "data", "created_at"))
    )


def _from_either(value: object) -> datetime | None:
    if isinstance(value, int) and value > _MILLIS_FROM:
        return from_millis(value)
    return from_seconds(value)
