"""Append: the only writer of the log, one round trip per event."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any
from uuid import UUID

import orjson
from psycopg import Connection
from psycopg.rows import tuple_row

from events.envelope import Appended, NewEvent
from events.errors import NaiveInstant
from events.identifiers import uuid7
from events.payload import digest, new_salt
from events.routing import part_of
from events.statements import statement
from events.text import storable_value
from events.tracing import carried, note, span

AnyConnection = Connection[Any]  # Any: whatever row factory the caller uses


def append(conn: AnyConnection, event: NewEvent) -> Appended:
    """Append an event. A duplicate changes nothing; a conflict keeps the second body as evidence.

    The caller owns the transaction: nothing is durable before its commit.
    Raises: NaiveInstant; psycopg.DataError when PostgreSQL can't store the payload.
    """
    _refuse_naive(event)
    part = part_of(event.route_key)
    with span("append", **_DATABASE), conn.cursor(row_factory=tuple_row) as cursor:
        row = cursor.execute(statement("events", "append_event"), _parameters(event, part)).fetchone()
        assert row is not None  # the function always returns one row
        note(**{"tenure.outcome": row[0], "tenure.event_id": row[1], "tenure.part": part})
    return Appended(row[0], row[1], part, row[2], row[3])


def append_all(conn: AnyConnection, events: Iterable[NewEvent]) -> list[Appended]:
    """Append events in one round trip; one `Appended` per event, in the given order.

    Heads are locked in part order, so two callers can't deadlock.
    """
    batch = list(events)
    if len(batch) < 2:
        return [append(conn, event) for event in batch]
    return _append_all(conn, batch, "append_events")


def append_promptly(conn: AnyConnection, events: Sequence[NewEvent]) -> list[Appended]:
    """As `append_all`, but waits at most a quarter of a second for a head that another transaction locks.

    Raises: psycopg.errors.LockNotAvailable, and then nothing was appended.
    """
    return _append_all(conn, events, "append_events_promptly")


def _append_all(conn: AnyConnection, events: Sequence[NewEvent], name: str) -> list[Appended]:
    for event in events:
        _refuse_naive(event)
    parts = [part_of(event.route_key) for event in events]
    rows = [
        {"nth": nth, **_parameters(event, part)}
        for nth, (event, part) in enumerate(zip(events, parts, strict=True), start=1)
    ]
    with span("append", **_DATABASE), conn.cursor(row_factory=tuple_row) as cursor:
        results = cursor.execute(statement("events", name), {"events": _as_json(rows)}).fetchall()
    by_number = {row[0]: row[1:] for row in results}
    return [
        Appended(by_number[nth][0], by_number[nth][1], part, by_number[nth][2], by_number[nth][3])
        for nth, part in enumerate(parts, start=1)
    ]


def keep_unreadable(
    conn: AnyConnection,
    *,
    source_system: str,
    body: bytes,
    reason: str,
    metadata: Mapping[str, Any],  # Any: JSON values
) -> tuple[str, UUID]:
    """Store a signed body that is not an event, byte for byte and once; returns (outcome, id)."""
    with conn.cursor(row_factory=tuple_row) as cursor:
        row = cursor.execute(
            statement("events", "keep_unreadable"),
            {
                "id": uuid7(),
                "source_system": source_system,
                "body": body,
                "reason": reason,
                "metadata": json_text(metadata),
            },
        ).fetchone()
    assert row is not None  # the function always returns one row
    return row[0], row[1]


def json_text(value: object) -> str:
    """JSON with sorted keys; every string in it is storable in PostgreSQL."""
    options = orjson.OPT_SORT_KEYS | orjson.OPT_NON_STR_KEYS
    return orjson.dumps(storable_value(value), option=options).decode()


def _as_json(rows: list[dict[str, object]]) -> str:
    """JSON with bytes in hex; strings, bodies included, are unchanged."""
    return orjson.dumps(rows, default=bytes.hex).decode()


def _refuse_naive(event: NewEvent) -> None:
    if event.occurred_at.tzinfo is None:
        raise NaiveInstant("occurred_at")


def _parameters(event: NewEvent, part: int) -> dict[str, object]:
    salt = new_salt()
    return {
        "part": part,
        "id": uuid7(),
        "source_system": event.source_system,
        "idempotency_key": event.idempotency_key,
        "livemode": event.livemode,
        "route_key": event.route_key,
        "aggregate_type": event.aggregate_type,
        "aggregate_id": event.aggregate_id,
        "event_type": event.event_type,
        "event_version": event.event_version,
        "event_data": event.payload,
        "metadata": json_text({**carried(), **event.metadata}),
        "correlation_id": event.correlation_id,
        "causation_id": event.causation_id,
        "occurred_at": event.occurred_at,
        "payload_salt": salt,
        "payload_digest": digest(salt, event.payload),
    }


_DATABASE: dict[str, str] = {"db.system.name": "postgresql", "db.operation.name": "append_event"}
