"""Generate a log of any length in SQL: ten Stripe events per user, for throwaway databases only."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from psycopg import sql

from events.statements import AnyConnection

EVENTS_EACH = 10
USERS_A_STEP = 20_000

# Numbers first and bodies after, so that the sorted rows are narrow.
STEP = """
INSERT INTO events (part, position, id, source_system, idempotency_key, livemode, route_key, aggregate_type,
                    aggregate_id, event_type, event_version, event_data, metadata, occurred_at, recorded_at,
                    payload_salt, payload_digest)
SELECT numbered.part, numbered.position, gen_random_uuid(), 'stripe', generated.key, true, generated.customer, 'stripe_customer',
       generated.customer, 'stripe.' || generated.type, 1, generated.body::json, '{"livemode": true}',
       to_timestamp(generated.at), to_timestamp(generated.at) + interval '2 seconds', '\\x00112233445566778899aabbccddeeff',
       sha256('\\x00112233445566778899aabbccddeeff'::bytea || convert_to(generated.body, 'UTF8'))
  FROM (SELECT n, turn, placed.part, h.head + row_number() OVER (PARTITION BY placed.part ORDER BY n, turn) AS position
          FROM generate_series(%(first)s::bigint, %(last)s::bigint) AS n
         CROSS JOIN LATERAL (SELECT part_of('cus_' || n) AS part) placed
          JOIN part_heads h ON h.part = placed.part
         CROSS JOIN generate_series(0, %(each)s - 1) AS turn) AS numbered
 CROSS JOIN LATERAL (
       SELECT 'evt_' || n || '_' || turn AS key, 'cus_' || n AS customer,
              1767225600 + n * 10 + turn AS at,
              CASE WHEN turn = 0 THEN 'customer.created' WHEN turn = 1 THEN 'customer.subscription.created'
                   WHEN turn % 2 = 0 THEN 'invoice.paid' ELSE 'customer.subscription.updated' END AS type) AS named
 CROSS JOIN LATERAL (
       SELECT CASE WHEN turn = 0 THEN format(
                   '{"id":"%1$s","object":"customer","email":"%1$s@example.com","created":%2$s,"metadata":{"userId":"user_%3$s"}}',
                   customer, at, n)
              WHEN turn > 1 AND turn % 2 = 0 THEN format(
                   '{"id":"in_%3$s_%4$s","object":"invoice","customer":"%1$s","status":"paid","created":%2$s,"amount_paid":2900,"currency":"usd"}',
                   customer, at, n, turn)
              ELSE format(
                   '{"id":"sub_%3$s","object":"subscription","customer":"%1$s","status":"active","created":%2$s,'
                   || '"metadata":{"userId":"user_%3$s"},"items":{"data":[{"price":{"id":"price_glow_up_monthly"}}]}}',
                   customer, 1767225601 + n * 10, n) END AS object) AS snapshot
 CROSS JOIN LATERAL (
       SELECT format('{"id":"%s","object":"event","type":"%s","created":%s,"livemode":true,"data":{"object":%s},"padding":"',
                     key, type, at, object) AS opening) AS opened
 CROSS JOIN LATERAL (
       SELECT key, customer, type, at,
              opening || repeat('x', greatest(0, %(bytes)s - length(opening) - 2)) || '"}' AS body) AS generated
"""
HEADS = """
UPDATE part_heads h SET head = e.head, recorded_at = e.at
  FROM (SELECT h.part, last.position AS head, last.recorded_at AS at
          FROM part_heads h
         CROSS JOIN LATERAL (SELECT position, recorded_at FROM events
                              WHERE events.part = h.part ORDER BY position DESC LIMIT 1) last) e
 WHERE h.part = e.part
"""
INDEXES = """
SELECT i.relname, pg_get_indexdef(i.oid)
  FROM pg_index x JOIN pg_class i ON i.oid = x.indexrelid
 WHERE x.indrelid = 'events'::regclass AND NOT x.indisunique
"""


def grow(
    conn: AnyConnection, events: int, *, body_bytes: int, have: int, report: Callable[[str], None]
) -> None:
    """Grow the log from `have` to `events` generated events. `conn` is in autocommit: each step is kept."""
    users = range(have // EVENTS_EACH, events // EVENTS_EACH, USERS_A_STEP)
    with _without_indexes(conn, report):
        for first in users:
            last = min(first + USERS_A_STEP, events // EVENTS_EACH) - 1
            values = {"first": first, "last": last, "each": EVENTS_EACH, "bytes": body_bytes}
            with conn.transaction():
                conn.execute(_positional(STEP), values)
                conn.execute(HEADS)
            if (first // USERS_A_STEP) % 10 == 0:
                report(f"{(last + 1) * EVENTS_EACH:,} events")
    conn.execute("VACUUM ANALYZE events")


@contextmanager
def _without_indexes(conn: AnyConnection, report: Callable[[str], None]) -> Iterator[None]:
    """Drop the indexes and create them again afterwards, which is faster than maintaining them."""
    indexes = conn.execute(INDEXES.encode()).fetchall()
    for name, _ in indexes:
        conn.execute(sql.SQL("DROP INDEX {}").format(sql.Identifier(name)))
    yield
    for name, made_by in indexes:
        report(f"index {name}")
        conn.execute(made_by.encode())


def _positional(text: str) -> bytes:
    """Percent signs of format() and modulo doubled, those of parameters left."""
    kept = text.replace("%", "%%")
    for name in ("first", "last", "each", "bytes"):
        kept = kept.replace(f"%%({name})s", f"%({name})s")
    return kept.encode()
