"""Events as a stream: one row in memory at a time, for a log of any size."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from psycopg.pq import TransactionStatus
from psycopg.sql import SQL

from events.statements import AnyConnection, in_utc, statement
from queries.events import EventFilter, EventRow, select

# Name to PostgreSQL type: COPY sends text, so each column needs its type.
COLUMNS = {
    "id": "uuid",
    "part": "int2",
    "position": "int8",
    "source_system": "text",
    "idempotency_key": "text",
    "livemode": "bool",
    "route_key": "text",
    "aggregate_type": "text",
    "aggregate_id": "text",
    "event_type": "text",
    "event_version": "int4",
    "metadata": "text",
    "correlation_id": "text",
    "causation_id": "text",
    "occurred_at": "timestamptz",
    "recorded_at": "timestamptz",
    "payload_digest": "text",
    "erased": "bool",
}
BODY = {"event_data": "text"}


@contextmanager
def exported(conn: AnyConnection, event_filter: EventFilter, *, bodies: bool) -> Iterator[Iterator[EventRow]]:
    """Rows oldest first, `metadata` and `event_data` as JSON text.

    `conn` belongs to the export until the block ends: its transaction reads one snapshot and writes
    nothing. The statement begins before the block, so its errors are raised before the first row.
    Leaving before the last row closes `conn`, since the server is still sending rows.
    """
    conn.execute(statement("queries", "export_snapshot"))
    chosen = select(conn, event_filter)
    query = chosen.query(bodies=bodies, closing=SQL("ORDER BY e.recorded_at, e.part, e.position"))
    names = COLUMNS | BODY if bodies else COLUMNS
    with (
        conn.cursor() as cursor,
        cursor.copy(SQL("COPY ({}) TO STDOUT").format(query), chosen.values) as copy,
    ):
        copy.set_types(list(names.values()))
        try:
            yield (in_utc(_row(names, values)) for values in copy.rows())
        finally:
            if conn.info.transaction_status is TransactionStatus.ACTIVE:
                conn.close()


def _row(names: dict[str, str], values: tuple[Any, ...]) -> EventRow:  # Any: as COLUMNS says
    return dict(zip(names, values, strict=True))
