"""A log full of Stripe events, loaded past the append function: for benchmarks on throwaway databases only."""

from collections.abc import Iterator
from datetime import timedelta
from hashlib import sha256
from random import Random
from uuid import UUID

from demo.bulk import BulkEvent, bulk_events
from events.clock import from_micros
from events.routing import PARTS, part_of
from events.statements import AnyConnection

COLUMNS = (
    "part, position, id, source_system, idempotency_key, livemode, route_key, aggregate_type, aggregate_id, "
    "event_type, event_version, event_data, metadata, occurred_at, recorded_at, payload_salt, payload_digest"
)
# In binary a json is its text; as json, psycopg would encode the string once more.
TYPES = [
    *("int2", "int8", "uuid", "text", "text", "bool", "text", "text", "text"),
    *("text", "int4", "text", "jsonb", "timestamptz", "timestamptz", "bytea", "bytea"),
]
LATE = timedelta(seconds=2)


def fill(conn: AnyConnection, count: int, *, seed: int = 1) -> None:
    """That many Stripe events of about 3 KB each, after what the log holds already. The caller commits."""
    heads = dict(conn.execute("SELECT part, head FROM part_heads").fetchall())
    with conn.cursor() as cursor, cursor.copy(f"COPY events ({COLUMNS}) FROM STDIN (FORMAT binary)") as copy:
        copy.set_types(TYPES)
        for row in _rows(count, heads, seed):
            copy.write_row(row)
    last = "SELECT part, max(position) AS head, max(recorded_at) AS at FROM events GROUP BY part"
    conn.execute(
        f"UPDATE part_heads h SET head = e.head, recorded_at = e.at FROM ({last}) e WHERE h.part = e.part"
    )


def _rows(count: int, heads: dict[int, int], seed: int) -> Iterator[tuple[object, ...]]:
    random = Random(seed)
    salt = random.randbytes(16)
    for event in bulk_events(count, seed=seed):
        yield _row(event, heads, UUID(bytes=random.randbytes(16), version=4), salt)


def _row(event: BulkEvent, heads: dict[int, int], event_id: UUID, salt: bytes) -> tuple[object, ...]:
    route_key = event.customer or event.id
    part = part_of(route_key) % PARTS
    heads[part] += 1
    at = from_micros(event.created * 1_000_000)
    return (
        *(part, heads[part], event_id, "stripe", event.id, True, route_key),
        "stripe_customer" if event.customer else "stripe_event",
        *(route_key, f"stripe.{event.type}", 1, event.body.decode(), {"livemode": True}),
        *(at, at + LATE, salt, sha256(salt + event.body).digest()),
    )
