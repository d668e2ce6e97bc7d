"""Append: the only writer of the log, one statement per group of events."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any
from uuid import UUID

import orjson
from psycopg.rows import tuple_row

from events.envelope import Appended, NewEvent
from events.errors import NaiveInstant
from events.identifiers import uuid7
from events.payload import digest, new_salt
from events.routing import part_of
from events.statements import AnyConnection, statement
from events.text import storable_value
from events.tracing import carried, note, span


def append(conn: AnyConnection, event: NewEvent) -> Appended:
    """Append an event. A duplicate changes nothing; a conflict keeps the second body as evidence.

    The caller owns the transaction: nothing is durable before its commit.
    Raises: NaiveInstant; psycopg.DataError when PostgreSQL can't store the payload.
    """
    (appended,) = append_all(conn, [event])
    return appended


def append_all(conn: AnyConnection, events: Iterable[NewEvent]) -> list[Appended]:
    """Append events in one statement; one `Appended` per event, in the given order.

    Heads are locked in part order, so two callers can't deadlock.
    """
    return [appended for appended in _append(conn, list(events), wait=True) if appended is not None]


def append_skipping_locked(conn: AnyConnection, events: Iterable[NewEvent]) -> list[Appended | None]:
    """As `append_all`, but without waiting: None for an event whose partition another transaction locks."""
    return _append(conn, list(events), wait=False)


def _append(conn: AnyConnection, events: Sequence[NewEvent], *, wait: bool) -> list[Appended | None]:
    for event in events:
        _refuse_naive(event)
    parts = [part_of(event.route_key) for event in events]
    results: list[Appended | None] = [None] * len(events)
    for places in _groups_of_different_keys(events, parts):
        group = [events[place] for place in places]
        rows = _append_group(conn, group, [parts[place] for place in places], wait=wait)
        for place, row in zip(places, rows, strict=True):
            results[place] = row
    return results


def _groups_of_different_keys(events: Sequence[NewEvent], parts: Sequence[int]) -> list[list[int]]:
    """The events' places: all first ones of a key, then all second ones, and so on. Mostly one group."""
    groups: list[list[int]] = []
    repeats: Counter[tuple[int, str, str, bool]] = Counter()
    for place, (event, part) in enumerate(zip(events, parts, strict=True)):
        key = (part, event.source_system, event.idempotency_key, event.livemode)
        if repeats[key] == len(groups):
            groups.append([])
        groups[repeats[key]].append(place)
        repeats[key] += 1
    return groups


def _append_group(
    conn: AnyConnection, events: Sequence[NewEvent], parts: Sequence[int], *, wait: bool
) -> list[Appended | None]:
    with span("append", **_DATABASE), conn.cursor(row_factory=tuple_row) as cursor:
        parameters = {**_columns(events), "part": list(parts), "wait": wait}
        rows = cursor.execute(statement("events", "append_events"), parameters).fetchall()
        results = [
            Appended(outcome, event_id, part, position, recorded_at) if outcome is not None else None
            for part, (outcome, event_id, position, recorded_at) in zip(parts, rows, strict=True)
        ]
        if len(results) == 1 and (appended := results[0]) is not None:
            note(
                **{
                    "tenure.outcome": appended.outcome,
                    "tenure.event_id": appended.id,
                    "tenure.part": appended.part,
                }
            )
    return results


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


def _refuse_naive(event: NewEvent) -> None:
    if event.occurred_at.tzinfo is None:
        raise NaiveInstant("occurred_at")


def _columns(events: Sequence[NewEvent]) -> dict[str, list[Any]]:  # Any: one type per column
    """Parameters of append_events: one list per column but the part, in the order of the events."""
    salts = [new_salt() for _ in events]
    context = carried()
    return {
        "id": [uuid7() for _ in events],
        **{name: [getattr(event, name) for event in events] for name in _AS_GIVEN},
        "event_data": [event.payload for event in events],
        "metadata": [json_text({**context, **event.metadata}) for event in events],
        "payload_salt": salts,
        "payload_digest": [digest(salt, event.payload) for salt, event in zip(salts, events, strict=True)],
    }


_AS_GIVEN = (
    "source_system",
    "idempotency_key",
    "livemode",
    "route_key",
    "aggregate_type",
    "aggregate_id",
    "event_type",
    "event_version",
    "correlation_id",
    "causation_id",
    "occurred_at",
)
_DATABASE: dict[str, str] = {"db.system.name": "postgresql", "db.operation.name": "append_events"}
