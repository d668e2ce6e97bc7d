"""An event in a few words, where its body is of a known shape; else nothing."""

from typing import Any

import orjson

from console.money import money
from queries.rows import Row

AMOUNTS = ("amount_paid", "amount_due", "amount_total", "amount_refunded", "amount")
WORDS = ("status", "payment_status", "collection_method", "billing_reason", "cancel_at_period_end")


def gist(event: Row) -> list[tuple[str, str]]:
    """(name, value) pairs: the object, its status, its amounts as money."""
    body = event.get("event_data")
    if body is None:
        return []
    try:
        said = orjson.loads(body)
    except ValueError:
        return []
    thing = _object(said) if event["source_system"] == "stripe" else None
    return _of_object(thing) if thing is not None else []


def _object(said: Any) -> dict[str, Any] | None:  # Any: parsed JSON
    inner = said.get("data") if isinstance(said, dict) else None
    thing = inner.get("object") if isinstance(inner, dict) else None
    return thing if isinstance(thing, dict) else None


def _of_object(thing: dict[str, Any]) -> list[tuple[str, str]]:  # Any: parsed JSON
    found = []
    if isinstance(thing.get("object"), str):
        found.append(("object", f"{thing['object']} {thing.get('id') or ''}".strip()))
    for name in WORDS:
        value = thing.get(name)
        if isinstance(value, str) or value is True:
            found.append((name.replace("_", " "), "yes" if value is True else value))
    currency = thing.get("currency")
    for name in AMOUNTS:
        value = thing.get(name)
        if isinstance(currency, str) and isinstance(value, int) and not isinstance(value, bool):
            found.append((name.replace("_", " "), money(value, currency)))
    return found
