"""The context of an event: its stream, its flow, events that overtook it, repeated deliveries."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from events.statements import AnyConnection, Row, statement
from queries.deliveries import repeats_among
from queries.rows import fetch_all

NEIGHBOURS = 4
FLOW_LIMIT = 30


@dataclass(frozen=True, slots=True)
class Marks:
    """Marks beside the events of a list, by event id.

    `overtaken`: recorded after an event of its stream that occurred later; the value is that event's id.
    """

    overtaken: dict[UUID, UUID]
    conflicts: dict[UUID, int]
    repeats: dict[UUID, Row]


def marks(conn: AnyConnection, events: Sequence[Row]) -> Marks:
    """Which of these events arrived out of order, repeatedly, or with another body."""
    places = {
        "parts": [event["part"] for event in events],
        "positions": [event["position"] for event in events],
    }
    late = fetch_all(conn, statement("queries", "events_overtaken"), places)
    doubted = fetch_all(conn, statement("queries", "conflicts_among"), places)
    return Marks(
        {row["id"]: row["overtaken_by"] for row in late},
        {row["id"]: row["conflicts"] for row in doubted},
        repeats_among(conn, [event["id"] for event in events]),
    )


def neighbours(conn: AnyConnection, event: Row) -> list[Row]:
    """The events before and after it in its stream, itself included, in position order."""
    values = {name: event[name] for name in ("part", "route_key", "position")}
    return fetch_all(conn, statement("queries", "event_neighbours"), values | {"limit": NEIGHBOURS})


def flow(conn: AnyConnection, event: Row) -> list[Row]:
    """Events of its stream with the same correlation id, its cause, and its effects."""
    values = {
        name: event[name] for name in ("part", "route_key", "position", "correlation_id", "causation_id")
    }
    values |= {"names": [str(event["id"]), event["idempotency_key"]], "limit": FLOW_LIMIT}
    return fetch_all(conn, statement("queries", "event_flow"), values)
