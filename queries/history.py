"""The canonical history of a user for display: events, recording times and changed columns."""

from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

from events.clock import from_micros, micros
from events.statements import AnyConnection
from projections.snapshots import EVER
from queries.bases import Streams
from queries.cursors import place_cursor, read_place_cursor
from queries.errors import BadCursor
from queries.history_at import load_history
from queries.timeline import Step, timeline

Json = dict[str, Any]  # Any: JSON values and instants


def history(
    conn: AnyConnection,
    user_id: str,
    *,
    as_of: datetime | None = None,
    known_at: datetime | None = None,
) -> list[Json] | None:
    """One entry per event, oldest first in canonical order; None for an unknown user."""
    bounded = load_history(conn, user_id, as_of=as_of, known_at=known_at)
    return [as_entry(step) for step in timeline(bounded)] or None


class HistoryPage(NamedTuple):
    """Entries of a history, and the cursor of the next page; None at the end."""

    items: list[Json]
    next: str | None


def history_page(
    conn: AnyConnection,
    user_id: str,
    *,
    limit: int,
    after: str | None = None,
    as_of: datetime | None = None,
    known_at: datetime | None = None,
) -> HistoryPage | None:
    """The next `limit` entries after a cursor, read from the last stored state before them.

    The cursor is an event, so that a late event in between loses none. None for an unknown user.
    Raises: BadCursor.
    """
    at, last = (-EVER, None) if after is None else read_place_cursor(CURSOR, after)
    streams = Streams(conn, user_id)
    base = None if after is None else streams.base(at - 1, known_at)
    end = EVER if as_of is None else micros(as_of)
    count = limit + 1
    while True:
        until = streams.reach(at, count)
        bounded = load_history(
            conn,
            user_id,
            as_of=as_of,
            known_at=known_at,
            streams=streams,
            base=base,
            until=until,
        )
        later = None if until >= end else streams.recorded_after(until, end)
        steps = _after(timeline(bounded, later), last)
        if len(steps) > limit or until >= end:
            break
        count *= 4
    if not steps and after is None:
        return None
    items = steps[:limit]
    return HistoryPage([as_entry(step) for step in items], _cursor(items[-1]) if len(steps) > limit else None)


def _after(steps: list[Step], last: UUID | None) -> list[Step]:
    """The steps after that event. Raises: BadCursor."""
    if last is None:
        return steps
    for number, step in enumerate(steps):
        if step.entry.fact.id == str(last):
            return steps[number + 1 :]
    raise BadCursor


def _cursor(step: Step) -> str:
    return place_cursor(CURSOR, step.entry.fact.at, UUID(step.entry.fact.id))


CURSOR = "h"


def as_entry(step: Step) -> Json:
    """An entry of the history as API and CLI show it."""
    fact = step.entry.fact
    return {
        "event_id": fact.id,
        "event_type": fact.type,
        "source_system": fact.source,
        "idempotency_key": fact.key,
        "occurred_at": step.occurred_at,
        "recorded_at": from_micros(step.entry.recorded),
        "arrived_late": step.arrived_late,
        "actor": step.entry.actor,
        "reason": step.entry.reason,
        "problem": step.problem,
        "changes": [change._asdict() for change in step.changes],
    }
