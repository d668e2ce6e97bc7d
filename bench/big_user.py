"""One user with very many events: what a late event and a question cost, beside a user with few; in process."""

import argparse
import json
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import partial
from random import Random
from statistics import median, quantiles
from uuid import UUID

import psycopg

from bench.embedded_server import durable_database
from bench.reads import timed
from bench.report import Cell, report
from events.append import append, append_all
from events.clock import micros
from events.domain import user_event
from events.domain.user import EntitlementGranted, IdentityLinked
from events.envelope import NewEvent
from events.routing import part_of
from projections.pace import SlicePace
from projections.projector import Projector
from queries.cursors import place_cursor
from queries.explain import explain
from queries.history import CURSOR, history_page
from queries.timetravel import profile_at

Connection = psycopg.Connection[tuple[object, ...]]

BEGAN = datetime(2026, 1, 1, tzinfo=UTC)
EVERY = timedelta(seconds=30)
OTHERS = """
INSERT INTO events (part, position, id, source_system, idempotency_key, livemode, route_key, aggregate_type,
                    aggregate_id, event_type, event_version, event_data, metadata, occurred_at, recorded_at, payload_digest)
SELECT part, h.head + n, gen_random_uuid(), 'tenure', 'other:' || part || ':' || n, true, 'user_' || part || '_' || n / 20,
       'user', 'user_' || part || '_' || n / 20, 'usage.recorded', 1, '{"metric":"creators","quantity":1}', '{}',
       %(began)s + n * %(every)s, clock_timestamp(), sha256(n::text::bytea)
  FROM part_heads h, generate_series(1, %(count)s) n
"""
USAGE = """
INSERT INTO events (part, position, id, source_system, idempotency_key, livemode, route_key, aggregate_type,
                    aggregate_id, event_type, event_version, event_data, metadata, occurred_at, recorded_at, payload_digest)
SELECT %(part)s, h.head + n, gen_random_uuid(), 'tenure', 'usage:' || %(user)s || n, true, %(user)s, 'user', %(user)s,
       'usage.recorded', 1, '{"metric":"creators","quantity":1}', '{"actor":"bench"}',
       %(began)s + n * %(every)s, clock_timestamp(), sha256(n::text::bytea)
  FROM part_heads h, generate_series(1, %(count)s) n WHERE h.part = %(part)s
"""


def fill(conn: Connection, user: str, count: int) -> None:
    """A user who used something every 30 seconds."""
    values = {"part": part_of(user), "user": user, "count": count, "began": BEGAN, "every": EVERY}
    with conn.transaction():
        conn.execute(USAGE, values)
        conn.execute("UPDATE part_heads SET head = head + %(count)s WHERE part = %(part)s", values)


def fill_others(conn: Connection, count: int) -> None:
    """As many events again, of users with 20 each in every part."""
    with conn.transaction():
        conn.execute(OTHERS, {"count": count // 64, "began": BEGAN, "every": EVERY * 64})
        conn.execute("UPDATE part_heads SET head = head + %s", [count // 64])
    projected(conn)


def projected(conn: Connection) -> list[float]:
    """Milliseconds of each transaction until no event or refold waits."""
    projector, pace = Projector(), SlicePace()
    took_ms = []
    while True:
        projector.most_again = pace.events
        began = time.perf_counter()
        with conn.transaction():
            users = projector.project(conn, parts=16, limit=125).users
        took_ms.append((time.perf_counter() - began) * 1000)
        began = time.perf_counter()
        with conn.transaction():
            again = projector.refold_pending(conn).users
        took_ms.append((time.perf_counter() - began) * 1000)
        if again:
            pace.took(took_ms[-1] / 1000)
        if not users + again:
            return took_ms


def late_by(conn: Connection, user: str, at: datetime) -> list[float]:
    """Milliseconds of each transaction after a grant at an instant of the past."""
    fact = EntitlementGranted(plan_key="free", until=None)
    append(conn, user_event(fact, user_id=user, now=at, idempotency_key=f"late:{user}:{at}", actor="bench"))
    return projected(conn)


def crowded(conn: Connection, user: str, count: int) -> list[float]:
    """Milliseconds of each transaction after `count` events of one customer in one second."""
    customer = f"cus_{user}"
    facts = IdentityLinked(customer_id=customer)
    append(conn, user_event(facts, user_id=user, now=BEGAN, idempotency_key=f"link:{user}", actor="bench"))
    projected(conn)
    with conn.transaction():
        append_all(conn, [address(customer, number) for number in range(count)])
    return projected(conn)


def address(customer: str, number: int) -> NewEvent:
    """An update of a customer with `previous_attributes`."""
    body = {
        "id": f"evt_{customer}_{number * 7919 % 100_003:06}",
        "object": "event",
        "type": "customer.updated",
        "created": int(BEGAN.timestamp()) + 60,
        "data": {
            "object": {"id": customer, "object": "customer", "address": {"city": f"city {number}"}},
            "previous_attributes": {"address": {"city": f"city {number - 1}"}},
        },
    }
    return NewEvent(
        source_system="stripe",
        idempotency_key=str(body["id"]),
        route_key=customer,
        aggregate_type="stripe_customer",
        aggregate_id=customer,
        event_type="stripe.customer.updated",
        payload=json.dumps(body),
        occurred_at=BEGAN + timedelta(seconds=60),
        metadata={"livemode": True},
    )


def questions(conn: Connection, user: str, count: int, repeats: int) -> dict[str, list[Callable[[], object]]]:
    """Calls of each kind of query, at random instants."""
    random = Random(3)
    rows = conn.execute(
        "SELECT occurred_at, id FROM events WHERE part = %s AND route_key = %s ORDER BY occurred_at",
        [part_of(user), user],
    ).fetchall()
    picks = [random.choice(rows) for _ in range(repeats)]
    instants = [BEGAN + random.random() * count * EVERY for _ in range(repeats)]
    pages = [place_cursor(CURSOR, micros(at), UUID(str(id_))) for at, id_ in picks]  # type: ignore[arg-type]

    def explained(column: str) -> list[Callable[[], object]]:
        return [partial(explain, conn, user, column, as_of=at) for at in instants]

    return {
        "history, first entry": [partial(history_page, conn, user, limit=1)] * repeats,
        "history, any page of 200": [
            partial(history_page, conn, user, limit=200, after=page) for page in pages
        ],
        "profile as_of": [partial(profile_at, conn, user, as_of=at) for at in instants],
        "explain current_plan as_of": explained("current_plan"),
        "explain usage_reset_date as_of": explained("usage_reset_date"),
    }


def figures(conn: Connection, count: int, repeats: int) -> dict[str, tuple[float, float]]:
    """Name to (p50, p99) in milliseconds; of a late event (its total, its longest transaction)."""
    user = f"user_of_{count}"
    fill(conn, user, count)
    began = time.perf_counter()
    projected(conn)
    per_event_ms = (time.perf_counter() - began) * 1000 / count
    measured = {"projecting one event of the history": (per_event_ms, per_event_ms)}
    conn.execute("VACUUM ANALYZE events")
    for name, share in (
        ("late by 1 % of the history", 0.99),
        ("late by 90 % of it, and never overtaken", 0.1),
    ):
        took_ms = late_by(conn, user, BEGAN + share * count * EVERY)
        measured[name] = sum(took_ms), max(took_ms)
    took_ms = crowded(conn, f"user_crowded_{count}", count // 50)
    measured["2 % of the events again, in one second"] = sum(took_ms), max(took_ms)
    for name, calls in questions(conn, user, count, repeats).items():
        timed(calls[:5])
        took_ms = timed(calls)
        measured[name] = median(took_ms), quantiles(took_ms, n=100)[98]
    return measured


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--events", type=int, default=200_000)
    parser.add_argument("--asked", type=int, default=200)
    parser.add_argument("--write", action="store_true", help="put the table in bench/RESULTS.md")
    options = parser.parse_args()
    with durable_database() as conninfo, psycopg.connect(conninfo, autocommit=True) as conn:
        fill_others(conn, options.events)
        few, many = (figures(conn, count, options.asked) for count in (options.events // 100, options.events))
    rows: list[tuple[Cell, ...]] = [
        (name, *few[name], *many[name], round(many[name][1] / few[name][1], 1)) for name in many
    ]
    report(
        "A user with very many events",
        (
            "",
            "few: p50 or total ms",
            "p99 or longest ms",
            "many: p50 or total ms",
            "p99 or longest ms",
            "ratio",
        ),
        rows,
        notes=f"`python -m bench big_user`: {options.events // 100:,} events and {options.events:,}, beside as many of other users. Of a late event the total and the "
        "longest transaction. Goals: p99 of any question 250 ms, the longest transaction 100 ms.",
        write=options.write,
    )


if __name__ == "__main__":
    main()
