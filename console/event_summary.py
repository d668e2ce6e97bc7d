"""A summary of an event, where its body has a known shape; else nothing."""

from typing import Any

import orjson

from events.statements import Row
from queries.money import money

AMOUNTS = ("amount_paid", "amount_due", "amount_total", "amount_refunded", "amount")
WORDS = ("status", "payment_status", "collection_method", "billing_reason", "cancel_at_period_end")


def gist(event: Row) -> list[tuple[str, str]]:
    """(name, value) pairs: the object, its status, its amounts as money."""
    body = event.get("event_data")
    if body is None:
        return []
    try:
        payload = orjson.loads(body)
    except ValueError:
        return []
    resource = _object(payload) if event["source_system"] == "stripe" else None
    return _of_object(resource) if resource is not None else []


def _object(payload: Any) -> dict[str, Any] | None:  # Any: parsed JSON
    inner = payload.get("data") if isinstance(payload, dict) else None
    resource = inner.get("object") if isinstance(inner, dict) else None
    return resource if isinstance(resource, dict) else None


def _of_object(resource: dict[str, Any]) -> list[tuple[str, str]]:  # Any: parsed JSON
    parts = []
    if isinstance(resource.get("object"), str):
        parts.append(("object", f"{resource['object']} {resource.get('id') or ''}".strip()))
    for name in WORDS:
        value = resource.get(name)
        if isinstance(value, str) or value is True:
            parts.append((name.replace("_", " "), "yes" if value is True else value))
    currency = resource.get("currency")
    for name in AMOUNTS:
        value = resource.get(name)
        if isinstance(currency, str) and isinstance(value, int) and not isinstance(value, bool):
            parts.append((name.replace("_", " "), money(value, currency)))
    return parts
