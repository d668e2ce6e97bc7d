"""Searching the log: newest first, page by page in both directions."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

from psycopg.sql import SQL, Composable, Composed

from events.routing import PARTS, SERVICE_AGGREGATES, part_of
from events.statements import AnyConnection, Row, statement
from queries.bodies import with_bodies
from queries.compose import NOTHING, compose, explained, whole
from queries.cursors import EventKey, event_cursor, read_event_cursor
from queries.errors import BadCursor
from queries.ownership import customers_owned
from queries.rows import fetch_all, fetch_one

EventRow = Row

CONDITIONS = {
    "source": SQL("e.source_system = %(source)s::text"),
    "aggregate_id": SQL("e.aggregate_id = %(aggregate_id)s::text"),
    "occurred_after": SQL("e.occurred_at >= %(occurred_after)s::timestamptz"),
    "occurred_before": SQL("e.occurred_at < %(occurred_before)s::timestamptz"),
    "recorded_after": SQL("e.recorded_at >= %(recorded_after)s::timestamptz"),
    "recorded_before": SQL("e.recorded_at < %(recorded_before)s::timestamptz"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class EventFilter:
    """Which events; None does not restrict.

    `user_id`: the user's own events, and those of each customer while it was linked to the user.
    `type`: exact, or a prefix followed by `*`.
    Times: `…_after` is inclusive, `…_before` is exclusive, so that adjacent windows share no event.
    Newest means recorded last; with a bound on `occurred` it means occurred last.
    """

    user_id: str | None = None
    type: str | None = None
    source: str | None = None
    aggregate_id: str | None = None
    occurred_after: datetime | None = None
    occurred_before: datetime | None = None
    recorded_after: datetime | None = None
    recorded_before: datetime | None = None

    @property
    def by_occurrence(self) -> bool:
        """Whether `occurred` is bounded: in the order of recording, a search for an old window would read
        everything recorded since."""
        return self.occurred_after is not None or self.occurred_before is not None


class _Order(NamedTuple):
    """One order, and what comes before and after a cursor in it."""

    newest_first: SQL
    oldest_first: SQL
    older: SQL
    newer: SQL


_CURSOR = "(%(key_at)s::timestamptz, %(key_part)s::smallint, %(key_position)s::bigint)"
_BY_RECORDING = _Order(
    SQL("ORDER BY e.recorded_at DESC, e.part DESC, e.position DESC"),
    SQL("ORDER BY e.recorded_at, e.part, e.position"),
    SQL(f"(e.recorded_at, e.part, e.position) < {_CURSOR}"),
    SQL(f"(e.recorded_at, e.part, e.position) > {_CURSOR}"),
)
_BY_OCCURRENCE = _Order(
    SQL("ORDER BY e.occurred_at DESC, e.part DESC, e.position DESC"),
    SQL("ORDER BY e.occurred_at, e.part, e.position"),
    SQL(f"(e.occurred_at, e.part, e.position) < {_CURSOR}"),
    SQL(f"(e.occurred_at, e.part, e.position) > {_CURSOR}"),
)


@dataclass(frozen=True, slots=True)
class EventPage:
    """Events newest first; `next` leads to older ones, `previous` to newer ones.

    With bodies a page may have fewer than `limit`: it ends where they exceed `rows.MAX_PAGE_BYTES`.
    `estimated_count` is the planner's estimate of all matching events; None without one.
    """

    items: list[EventRow]
    next: str | None
    previous: str | None
    estimated_count: int | None


@dataclass(frozen=True, slots=True)
class Selection:
    """A filter made ready for SQL: which events, which conditions, which values."""

    source: Composable
    where: Sequence[Composable]
    values: dict[str, Any]  # Any: one type a parameter

    def query(self, *, bodies: bool = False, closing: Composable = NOTHING) -> Composed:
        """The selected events in the order of `closing`."""
        return compose(events_from(self.source, bodies=bodies), self.where, closing)


def search(
    conn: AnyConnection,
    event_filter: EventFilter,
    *,
    limit: int,
    after: str | None = None,
    before: str | None = None,
    bodies: bool = False,
) -> EventPage:
    """One page. `after` gives the page after a cursor, `before` the page before it; not both.

    Raises: BadCursor.
    """
    assert after is None or before is None
    order = _BY_OCCURRENCE if event_filter.by_occurrence else _BY_RECORDING
    key = _key(event_filter, after if before is None else before)
    chosen = select(conn, event_filter)
    where = list(chosen.where)
    if key is not None:
        where.append(order.older if before is None else order.newer)
    closing = order.newest_first if before is None else order.oldest_first
    query = compose(events_from(chosen.source), where, closing + SQL(" LIMIT %(limit)s::integer"))
    rows = fetch_all(conn, query, chosen.values | _key_values(key) | {"limit": limit + 1})
    items = with_bodies(conn, rows[:limit]) if bodies else rows[:limit]
    more = len(rows) > len(items)
    if before is not None:
        items.reverse()
    cursors = [_cursor_of(row, event_filter) for row in (items[:1] + items[-1:])]
    return EventPage(items, *_neighbours(cursors, more, after, before), _estimate(conn, chosen))


def one_event(conn: AnyConnection, event_id: str) -> EventRow | None:
    """The event of that id, or of that provider id (`evt_…`, Clerk's `msg_…`), with its body."""
    try:
        values: dict[str, object] = {"id": UUID(event_id)}
        where = SQL("e.id = %(id)s::uuid")
    except ValueError:
        values = {"idempotency_key": event_id, "parts": list(range(PARTS))}
        where = _PROVIDER_ID
    first = SQL("ORDER BY e.livemode DESC, e.recorded_at LIMIT 1")
    query = compose(events_from(_ALL, bodies=True), [where], first)
    return fetch_one(conn, query, values)


def event_types(conn: AnyConnection) -> list[str]:
    """Every event type in the log, in order; costs one index probe per type."""
    return [row["event_type"] for row in fetch_all(conn, statement("queries", "event_types"), {})]


def select(conn: AnyConnection, event_filter: EventFilter) -> Selection:
    """The conditions and values of a filter; asks for the user's customers or the types of a prefix."""
    values: dict[str, Any] = {  # Any: one type a parameter
        name: value for name in CONDITIONS if (value := getattr(event_filter, name)) is not None
    }
    where = [CONDITIONS[name] for name in values]
    if event_filter.type is not None and event_filter.type.endswith("*"):
        where.append(SQL("e.event_type = ANY(%(types)s::text[])"))
        values["types"] = [t for t in event_types(conn) if t.startswith(event_filter.type[:-1])]
    elif event_filter.type is not None:
        where.append(SQL("e.event_type = %(type)s::text"))
        values["type"] = event_filter.type
    if event_filter.user_id is None:
        return Selection(_ALL, where, values)
    values |= _streams(conn, event_filter.user_id)
    return Selection(_OF_ROUTES, where, values)


def events_from(source: Composable, *, bodies: bool = False) -> Composable:
    """One row an event of `source`, with its signed text if `bodies`."""
    return whole("events", body=_BODY if bodies else NOTHING, source=source)


def _streams(conn: AnyConnection, user_id: str) -> dict[str, list[Any]]:  # Any: one type a parameter
    """The user's own stream, and those of customers while linked to the user."""
    spans: list[tuple[str, bool, datetime | None, datetime | None]] = [(user_id, False, None, None)]
    for customer, owned in customers_owned(conn, user_id).items():
        spans += [(customer, True, span.since, span.until) for span in owned]
    routes, are_customers, since, until = (list(column) for column in zip(*spans, strict=True))
    return {
        "parts": [part_of(route) for route in routes],
        "routes": routes,
        "are_customers": are_customers,
        "since": since,
        "until": until,
        "service": sorted(SERVICE_AGGREGATES),
    }


def _key_values(key: EventKey | None) -> dict[str, object]:
    if key is None:
        return {}
    return {"key_at": key.at, "key_part": key.part, "key_position": key.position}


def _neighbours(
    cursors: list[str], more: bool, after: str | None, before: str | None
) -> tuple[str | None, str | None]:
    """(next, previous): a page reached by a cursor has a neighbour on that cursor's side."""
    if not cursors:
        return None, None
    newest, oldest = cursors
    if before is not None:
        return oldest, newest if more else None
    return oldest if more else None, newest if after is not None else None


def _cursor_of(row: EventRow, event_filter: EventFilter) -> str:
    at = row["occurred_at"] if event_filter.by_occurrence else row["recorded_at"]
    return event_cursor(EventKey(at, row["part"], row["position"], event_filter.by_occurrence))


def _key(event_filter: EventFilter, cursor: str | None) -> EventKey | None:
    if cursor is None:
        return None
    key = read_event_cursor(cursor)
    if key.by_occurrence is not event_filter.by_occurrence:
        raise BadCursor
    return key


def _estimate(conn: AnyConnection, chosen: Selection) -> int | None:
    """The planner's estimate: counting a million rows would cost more than the page."""
    if not chosen.values:
        row = fetch_one(conn, statement("queries", "events_estimate"), {})
        return None if row is None or row["rows"] < 0 else int(row["rows"])
    query = explained(chosen.query())
    row = fetch_one(conn, query, chosen.values)
    return None if row is None else int(row["QUERY PLAN"][0]["Plan"]["Plan Rows"])


_BODY = SQL(", e.event_data::text AS event_data")
_ALL = SQL("FROM events e")
# The streams of some routes, each between two instants: of a customer's route Stripe's events, of a user's
# those that are neither Stripe's nor the service's. OFFSET 0 keeps the planner from reading the whole log,
# newest first, in the hope of meeting them. Uses events_stream.
_OF_ROUTES = SQL("""
FROM (SELECT found.*
        FROM unnest(%(parts)s::smallint[], %(routes)s::text[], %(are_customers)s::boolean[],
                    %(since)s::timestamptz[], %(until)s::timestamptz[])
          AS wanted (part, route_key, is_customer, since, until)
        JOIN events found USING (part, route_key)
       WHERE (found.source_system = 'stripe') = wanted.is_customer
         AND NOT (found.source_system = 'tenure' AND found.aggregate_type = ANY (%(service)s::text[]))
         AND found.occurred_at >= coalesce(wanted.since, '-infinity')
         AND found.occurred_at < coalesce(wanted.until, 'infinity')
      OFFSET 0) e
""")
_PROVIDER_ID = SQL("""
e.part = ANY(%(parts)s::smallint[])
   AND e.source_system IN ('stripe', 'clerk', 'tenure')
   AND e.idempotency_key = %(idempotency_key)s::text
   AND e.livemode IN (true, false)
""")
