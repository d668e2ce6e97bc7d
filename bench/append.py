"""The append function at 1, 8 and 16 clients, beside a bare INSERT of the same row."""

import argparse
import time
from collections.abc import Callable
from itertools import islice
from statistics import median
from threading import Barrier

import psycopg
from psycopg import sql

from bench.embedded_server import durable_database
from bench.report import report, spread
from demo.bulk import BulkEvent, bulk_events
from events import child_processes
from events.append import append
from events.clock import from_micros, utc_now
from events.envelope import NewEvent
from events.identifiers import uuid7
from events.payload import digest, new_salt
from events.routing import part_of

# The same columns, constraints and indexes as the log, without heads, triggers or the function.
BARE_TABLE = """
DROP TABLE IF EXISTS bare_events;
CREATE TABLE bare_events (LIKE events INCLUDING ALL);
ALTER TABLE bare_events SET (toast_tuple_target = 8160);
CREATE SEQUENCE IF NOT EXISTS bare_position;
"""
BARE_INSERT = sql.SQL(
    "INSERT INTO bare_events VALUES (%s, nextval('bare_position'), %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s,"
    " NULL, NULL, %s, clock_timestamp(), %s, %s)"
)
_gate: Barrier
Step = Callable[[psycopg.Connection, BulkEvent, int], None]


def _append(conn: psycopg.Connection, event: BulkEvent, salt: int) -> None:
    route = event.customer or event.id
    append(
        conn,
        NewEvent(
            source_system="stripe",
            idempotency_key=f"{event.id}{salt}",
            route_key=f"{route}{salt % 97}",
            aggregate_type="stripe_customer",
            aggregate_id=route,
            event_type=f"stripe.{event.type}",
            payload=event.body.decode(),
            occurred_at=from_micros(event.created * 1_000_000),
            metadata={"livemode": True, "signature": "t=1700000000,v1=" + "0" * 64},
        ),
    )


def _insert(conn: psycopg.Connection, event: BulkEvent, salt: int) -> None:
    route, payload, grain = event.customer or event.id, event.body.decode(), new_salt()
    conn.execute(
        BARE_INSERT,
        (
            part_of(f"{route}{salt % 97}"),
            uuid7(),
            "stripe",
            f"{event.id}{salt}",
            True,
            f"{route}{salt % 97}",
            "stripe_customer",
            route,
            f"stripe.{event.type}",
            1,
            payload,
            '{"livemode":true,"signature":"t=1700000000,v1=' + "0" * 64 + '"}',
            from_micros(event.created * 1_000_000),
            grain,
            digest(grain, payload),
        ),
    )


def _take_gate(gate: Barrier) -> None:
    global _gate
    _gate = gate


def _client(conninfo: str, bare: bool, number: int, seconds: float) -> int:
    events = list(islice(bulk_events(3000, seed=number), 2000))
    step: Step = _insert if bare else _append
    with psycopg.connect(conninfo, autocommit=True) as conn:
        _gate.wait()
        count, until = 0, time.perf_counter() + seconds
        base = (time.time_ns() // 1000 % 10**10) * 100 + number
        while time.perf_counter() < until:
            step(conn, events[count % 2000], base + count * 1_000_000_000_000)
            count += 1
    return count


def rate(conninfo: str, *, clients: int, bare: bool, seconds: float) -> float:
    """Rows committed per second, each in a separate transaction."""
    gate = child_processes.SPAWN.Barrier(clients)
    with child_processes.pool(clients, _take_gate, (gate,)) as workers:
        runs = [workers.submit(_client, conninfo, bare, number, seconds) for number in range(clients)]
        return sum(run.result() for run in runs) / seconds


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=4)
    parser.add_argument("--write", action="store_true", help="put the table in bench/RESULTS.md")
    arguments = parser.parse_args()
    rows = []
    with durable_database() as conninfo:
        with psycopg.connect(conninfo, autocommit=True) as conn:
            conn.execute(BARE_TABLE)
        for clients in (1, 8, 16):
            pairs = []
            for _ in range(arguments.runs):
                bare = rate(conninfo, clients=clients, bare=True, seconds=arguments.seconds)
                ours = rate(conninfo, clients=clients, bare=False, seconds=arguments.seconds)
                pairs.append((ours, bare))
            rows.append(
                (
                    clients,
                    spread([ours for ours, _ in pairs]),
                    spread([bare for _, bare in pairs]),
                    f"{median(ours / bare for ours, bare in pairs):.2f}",
                )
            )
    report(
        "Append",
        ("clients", "append/s", "bare INSERT/s", "ratio"),
        rows,
        notes=f"`python -m bench append`, median (range) of {arguments.runs} interleaved runs of {arguments.seconds:g} s, "
        f"3 KB bodies, fsync on, ended {utc_now():%H:%M} UTC; the bare table has the same constraints and indexes. "
        "Goal: ratio at least 0.6.",
        write=arguments.write,
    )


if __name__ == "__main__":
    main()
