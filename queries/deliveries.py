"""Deliveries that appended no new event: repeats, conflicts, unreadable bodies, refusals."""

from collections.abc import Collection
from datetime import datetime, timedelta
from uuid import UUID

from events.statements import AnyConnection, Row, statement
from queries.overview import Bucketed, bucketed
from queries.rows import fetch_all, fetch_one


def outcomes(conn: AnyConnection, *, since: datetime, until: datetime, width: timedelta) -> Bucketed:
    """Deliveries by outcome, in buckets of `width`."""
    values = {"since": since, "until": until, "width": width}
    rows = fetch_all(conn, statement("queries", "delivery_outcomes"), values)
    counted = ((row["bucket"], row["outcome"], row["deliveries"]) for row in rows)
    return bucketed(counted, since, until, width)


def conflicts(conn: AnyConnection, *, limit: int) -> list[Row]:
    """Second bodies under an existing key, the newest first."""
    return fetch_all(conn, statement("queries", "conflicts"), {"limit": limit})


def conflicts_of(conn: AnyConnection, event: Row) -> list[Row]:
    """Other bodies received under this event's key."""
    values = {"part": event["part"], "position": event["position"]}
    return fetch_all(conn, statement("queries", "conflicts_of_event"), values)


def unreadable(conn: AnyConnection, *, limit: int) -> list[Row]:
    """Signed bodies that are not a JSON object, the newest first."""
    return fetch_all(conn, statement("queries", "unreadable"), {"limit": limit})


def set_aside(conn: AnyConnection, delivery_id: UUID) -> Row | None:
    """One conflict or unreadable delivery by its id, its body as bytes, None once erased."""
    return fetch_one(conn, statement("queries", "set_aside"), {"id": delivery_id})


def repeats(conn: AnyConnection, *, limit: int) -> list[Row]:
    """Events that were delivered again, the latest repeat first."""
    return fetch_all(conn, statement("queries", "repeated_events"), {"limit": limit})


def repeats_among(conn: AnyConnection, ids: Collection[UUID]) -> dict[UUID, Row]:
    """The events among these that were delivered again: times, last_at."""
    rows = fetch_all(conn, statement("queries", "repeats_among"), {"ids": list(ids)})
    return {row["event_id"]: row for row in rows}
