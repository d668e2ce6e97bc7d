"""A person's file as JSON: bodies as received, instants in UTC."""

import json
from datetime import datetime
from typing import Any

from events.statements import Row
from queries.instants import iso
from queries.person import PersonFile

Json = dict[str, Any]  # Any: JSON values


def as_document(file: PersonFile) -> Json:
    """One JSON document of everything."""
    return {
        "user_id": file.user_id,
        "customers": list(file.customers),
        "profile": file.profile,
        "history": file.history,
        "events": [event_json(row) for row in file.events],
        "access_log": file.reads,
    }


def event_json(row: Row) -> Json:
    """An event with its body and metadata as JSON; null once erased."""
    body = row.get("event_data")
    document = row | {"metadata": json.loads(row["metadata"])}
    return document | {"event_data": None if body is None else json.loads(body)}


def dumped(value: object, *, indent: int | None = None) -> bytes:
    """JSON in ASCII, so that a lone surrogate from a provider is preserved."""
    return json.dumps(value, default=_plain, indent=indent).encode() + b"\n"


def _plain(value: object) -> str:
    if isinstance(value, datetime):
        return iso(value)
    return bytes(value).hex() if isinstance(value, bytes | memoryview) else str(value)
