"""/api/events: searching the log, and one event."""

from typing import Any

import orjson
from flask import Blueprint, Response

from api.auth import noted, requires
from api.errors import not_found
from api.models import Event, Events, EventsFilter, EventsQuestion
from api.openapi import documented
from api.replica import head_field, reading
from api.responses import answer
from queries.events import EventFilter, EventRow, one_event, search

events = Blueprint("events", __name__, url_prefix="/api/events")

_TAGS = ("events",)
HEADERS_READ = ("events",)
BODIES_READ = ("events", "event_data")


@events.get("")
@requires("auditor")
@documented(query=EventsQuestion, tags=_TAGS, HTTP_200=Events)
def show_all(query: EventsQuestion) -> Response:
    """The log, newest first, page by page in both directions.

    Newest means recorded last; with a bound on `occurred` it means occurred last. `…_after` is
    included in a window, `…_before` is not. The count is an estimate.
    """
    bodies = query.include == "data"
    with reading() as conn:
        page = search(
            conn,
            event_filter(query),
            limit=query.limit,
            after=query.after,
            before=query.before,
            bodies=bodies,
        )
        noted(conn, subjects=_subjects(query, page.items), fields=fields_read(bodies))
    return answer(
        {
            "items": [_spliced(row) for row in page.items],
            "next": page.next,
            "previous": page.previous,
            "estimated_count": page.estimated_count,
            **head_field(),
        }
    )


@events.get("/<key:event_id>")
@requires("auditor")
@documented(tags=_TAGS, HTTP_200=Event, HTTP_404=None)
def show(event_id: str) -> Response:
    """One event with its body, by its id or by its provider's id (evt_…, msg_…)."""
    with reading() as conn:
        event = one_event(conn, event_id)
        if event is None:
            raise not_found("event")
        noted(conn, subjects=[event["route_key"]], fields=BODIES_READ)
    return answer(_spliced(event))


def event_filter(query: EventsFilter) -> EventFilter:
    """The filter of a query."""
    fields = query.model_dump(include=set(EventFilter.__dataclass_fields__))
    return EventFilter(**fields)


def fields_read(bodies: bool) -> tuple[str, ...]:
    """The fields that the access log records as read."""
    return BODIES_READ if bodies else HEADERS_READ


def _subjects(query: EventsFilter, rows: list[EventRow]) -> list[str]:
    """The persons concerned: the requested user, else the streams of the events."""
    if query.user_id is not None:
        return [query.user_id]
    return [row["route_key"] for row in rows]


def _spliced(row: EventRow) -> dict[str, Any]:  # Any: JSON
    body = row.get("event_data")
    return row if body is None else row | {"event_data": orjson.Fragment(body)}
