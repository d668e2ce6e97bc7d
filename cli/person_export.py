"""A person's file as JSON: bodies as the text that came in, instants in UTC."""

import json
from datetime import datetime
from typing import Any

from queries.instants import iso
from queries.person import PersonFile
from queries.rows import Row

Json = dict[str, Any]  # Any: JSON values


def as_document(found: PersonFile) -> Json:
    """One JSON document of everything."""
    return {
        "user_id": found.user_id,
        "customers": list(found.customers),
        "profile": found.profile,
        "history": found.history,
        "events": [event_json(row) for row in found.events],
        "access_log": found.reads,
    }


def event_json(row: Row) -> Json:
    """An event with its body and metadata as JSON; null once erased."""
    body = row.get("event_data")
    told = row | {"metadata": json.loads(row["metadata"])}
    return told | {"event_data": None if body is None else json.loads(body)}


def dumped(value: object, *, indent: int | None = None) -> bytes:
    """JSON in ASCII, so that a lone surrogate a provider sent stays what it was."""
    return json.dumps(value, default=_plain, indent=indent).encode() + b"\n"


def _plain(value: object) -> str:
    if isinstance(value, datetime):
        return iso(value)
    return bytes(value).hex() if isinstance(value, bytes | memoryview) else str(value)
