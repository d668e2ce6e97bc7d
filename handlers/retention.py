"""Retention: old accesses and most old checkpoints are deleted in batches, each named by an event."""

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta

from psycopg.rows import tuple_row

from events.append import append
from events.domain import system, system_event
from events.envelope import NewEvent
from events.seals.keys import SigningKey
from events.seals.removal import Removal, sign_removal, spans_of
from events.statements import AnyConnection, statement
from queries.seals import origin_of

ACCESS_BATCH = 20_000
CHECKPOINT_BATCH = 500  # their numbers fit one signed note
BATCHES = 50  # per run; the next run continues
HOURLY_FOR = timedelta(days=400)

KeysOf = Callable[[str], Sequence[SigningKey]]
Batch = Callable[[], int]


def in_batches(conn: AnyConnection, batch: Batch) -> int:
    """How many rows were deleted, each batch in a transaction of its own."""
    deleted = 0
    for _ in range(BATCHES):
        with conn.transaction():
            rows = batch()
        if rows == 0:
            break
        deleted += rows
    return deleted


def trim_access_log(conn: AnyConnection, *, now: datetime, keep: timedelta, limit: int = ACCESS_BATCH) -> int:
    """Delete a batch of accesses older than `keep`; the caller commits."""
    with conn.cursor(row_factory=tuple_row) as cursor:
        query = statement("handlers", "access_log_to_trim")
        row = cursor.execute(query, {"before": now - keep, "limit": limit}).fetchone()
    if row is None:
        return 0
    through, rows = row
    fact = system.AccessLogTrimmed(through=through, rows=rows)
    key = f"{fact.event_type}:{through.isoformat()}"
    return _apply(conn, system_event(fact, aggregate_id="access_log", now=now, idempotency_key=key))


def thin_checkpoints(
    conn: AnyConnection, *, now: datetime, keep: timedelta, keys_of: KeysOf, limit: int = CHECKPOINT_BATCH
) -> int:
    """Delete a batch of checkpoints older than `keep` but the last of each hour, later of each day.

    Their numbers are signed, so that verification can tell this from tampering. The caller commits.
    """
    origin = origin_of(conn)
    if origin is None:
        return 0
    bounds = {
        "before": (now - keep).replace(minute=0, second=0, microsecond=0),
        "daily_before": (now - max(keep, HOURLY_FOR)).replace(hour=0, minute=0, second=0, microsecond=0),
    }
    with conn.cursor(row_factory=tuple_row) as cursor:
        query = statement("handlers", "checkpoints_to_remove")
        numbers = [number for (number,) in cursor.execute(query, bounds | {"limit": limit})]
    if not numbers:
        return 0
    spans = spans_of(numbers)
    note = sign_removal(Removal(origin, spans), keys_of(origin))
    fact = system.CheckpointsRemoved(removed=spans, rows=len(numbers), note=note)
    key = f"{fact.event_type}:{numbers[0]}-{numbers[-1]}:{len(numbers)}"
    return _apply(conn, system_event(fact, aggregate_id=origin, now=now, idempotency_key=key))


def _apply(conn: AnyConnection, event: NewEvent) -> int:
    done = append(conn, event)
    values = {"part": done.part, "position": done.position}
    with conn.cursor(row_factory=tuple_row) as cursor:
        row = cursor.execute(statement("handlers", "apply_retention"), values).fetchone()
    assert row is not None  # a function always returns one row
    return int(row[0])
