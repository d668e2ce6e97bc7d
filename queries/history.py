"""The canonical history of a user, for people: what happened, when we heard, what it changed."""

from datetime import datetime
from typing import Any

from events.clock import from_micros
from queries.past import past
from queries.rows import AnyConnection
from queries.timeline import Step, timeline

Json = dict[str, Any]  # Any: JSON values and instants


def history(
    conn: AnyConnection,
    user_id: str,
    *,
    as_of: datetime | None = None,
    known_at: datetime | None = None,
    live_only: bool = False,
) -> list[Json] | None:
    """One entry an event, oldest first in canonical order; None for a user nothing mentions."""
    found = past(conn, user_id, as_of=as_of, known_at=known_at, live_only=live_only)
    return [as_entry(step) for step in timeline(found)] or None


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
