"""Cost per event against the size of the log: append, profile, search and replay, each beside a raw limit of the same run."""

import argparse
import os
import time
from collections.abc import Callable
from itertools import count
from pathlib import Path
from random import Random
from statistics import median, quantiles

import psycopg
from psycopg import sql

from bench.append import BARE_INSERT, BARE_TABLE
from bench.embedded_server import durable_database
from bench.reads import timed
from bench.replay import Stages, prepare_plans
from bench.report import Cell, between, report
from bench.synthetic_log import EVENTS_EACH, grow
from database.scratch_folder import scratch_folder
from events.append import append
from events.clock import EPOCH
from events.envelope import NewEvent
from events.identifiers import uuid7
from events.payload import digest, new_salt
from events.routing import part_of
from projections.replay import Options, replay
from queries.events import EventFilter, search
from queries.profile import profile

PAGE = Path(__file__).parents[1] / "docs" / "scaling.md"
COLUMNS = ("events", "what", "p50", "p99", "raw limit", "raw p50", "ratio of p50")
READ_ALL = "COPY (SELECT * FROM events) TO STDOUT (FORMAT binary)"
ONE_USER = "SELECT * FROM users WHERE user_id = %s"
ONE_STREAM = "SELECT * FROM events WHERE part = %s AND route_key = %s ORDER BY position DESC LIMIT 50"
LATEST = "SELECT * FROM events ORDER BY recorded_at DESC, part DESC, position DESC LIMIT 50"
Calls = list[Callable[[], object]]
_keys = count()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, nargs="+", default=[100_000], help="sizes of the log, ascending")
    parser.add_argument(
        "--bytes", type=int, default=3000, help="size of a generated body; 400 for 50 million rows"
    )
    parser.add_argument("--asked", type=int, default=500, help="number of calls of each kind")
    parser.add_argument("--workers", type=int, default=2, help="number of the replay's workers")
    parser.add_argument(
        "--write", action="store_true", help="put the tables in bench/RESULTS.md and docs/scaling.md"
    )
    arguments = parser.parse_args()
    rows: list[tuple[Cell, ...]] = []
    with durable_database() as conninfo, psycopg.connect(conninfo, autocommit=True) as conn:
        prepare_plans(conninfo)
        conn.execute(BARE_TABLE)
        have = 0
        for size in sorted(arguments.rows):
            grow(
                conn, size, body_bytes=arguments.bytes, have=have, report=lambda text: print(text, flush=True)
            )
            have = size
            rows += measured(conn, conninfo, size, arguments)
            # After each size: the largest takes most of an hour, and may find the disk full.
            _write_report(rows, arguments)


def _write_report(rows: list[tuple[Cell, ...]], arguments: argparse.Namespace) -> None:
    notes = (
        f"`python -m bench scaling --rows {' '.join(map(str, sorted(arguments.rows)))} --bytes {arguments.bytes}`: "
        f"{EVENTS_EACH} events a user, {arguments.asked} calls of each kind from one client, {os.cpu_count()} cores, "
        f"load {os.getloadavg()[0]:.1f}. Milliseconds a call; a replay in microseconds an event, "
        f"{arguments.workers} workers."
    )
    report("Cost against the size of the log", COLUMNS, rows, notes=notes, write=arguments.write)
    if arguments.write:
        between(PAGE, "scaling", COLUMNS, rows, notes=notes)


def measured(
    conn: psycopg.Connection, conninfo: str, size: int, arguments: argparse.Namespace
) -> list[tuple[Cell, ...]]:
    """The rows of one size. Replay comes first: it builds the tables that profiles are read from."""
    rows = [_replayed(conn, conninfo, size, arguments.workers)]
    for what, ours, limit, raw in questions(conn, size, arguments.asked):
        timed(ours[:20])
        timed(raw[:20])
        bare = timed(raw)
        rows.append(_row(size, what, timed(ours), limit, bare))
    return rows


def questions(conn: psycopg.Connection, size: int, repeats: int) -> list[tuple[str, Calls, str, Calls]]:
    """(what, its calls, the raw limit's name, its calls), about users chosen by chance."""
    random = Random(size)
    users = [random.randrange(size // EVENTS_EACH) for _ in range(repeats)]
    streams = [(part_of(f"cus_{n}"), f"cus_{n}") for n in users]
    mine = [EventFilter(user_id=f"user_{n}") for n in users]
    return [
        (
            "append",
            _each(lambda n: _append(conn, n), users),
            "bare INSERT",
            _each(lambda n: _insert(conn, n), users),
        ),
        (
            "profile",
            _each(lambda n: profile(conn, f"user_{n}"), users),
            "users by key",
            _each(lambda n: conn.execute(ONE_USER, (f"user_{n}",)).fetchone(), users),
        ),
        (
            "search, one user",
            [lambda filters=one: search(conn, filters, limit=50) for one in mine],  # type: ignore[misc]
            "one stream by index",
            [lambda one=stream: conn.execute(ONE_STREAM, one).fetchall() for stream in streams],  # type: ignore[misc]
        ),
        (
            "search, newest of all",
            [lambda: search(conn, EventFilter(), limit=50)] * repeats,
            "newest by index",
            [lambda: conn.execute(LATEST).fetchall()] * repeats,
        ),
    ]


def _each(ask: Callable[[int], object], users: list[int]) -> Calls:
    return [lambda n=n: ask(n) for n in users]  # type: ignore[misc]


def _append(conn: psycopg.Connection, number: int) -> None:
    """A new event of that user; it is not projected."""
    key, customer = f"evt_new_{next(_keys)}", f"cus_{number}"
    event = NewEvent(
        source_system="stripe",
        idempotency_key=key,
        route_key=customer,
        aggregate_type="stripe_customer",
        aggregate_id=customer,
        event_type="stripe.customer.updated",
        payload=_body(key),
        occurred_at=EPOCH,
        metadata={"livemode": True},
    )
    append(conn, event)


def _insert(conn: psycopg.Connection, number: int) -> None:
    key, customer, salt = f"evt_new_{next(_keys)}", f"cus_{number}", new_salt()
    named = (part_of(customer), uuid7(), "stripe", key, True, customer, "stripe_customer", customer)
    body = _body(key)
    kept = ("stripe.customer.updated", 1, body, '{"livemode": true}', EPOCH, salt, digest(salt, body))
    conn.execute(BARE_INSERT, (*named, *kept))


def _body(key: str) -> str:
    return '{"id":"' + key + '","padding":"' + "x" * 2900 + '"}'


def _replayed(conn: psycopg.Connection, conninfo: str, size: int, workers: int) -> tuple[Cell, ...]:
    began = time.perf_counter()
    with conn.cursor() as cursor, cursor.copy(sql.SQL(READ_ALL)) as copy:
        for _ in copy:
            pass
    read_s = time.perf_counter() - began
    began = time.perf_counter()
    with scratch_folder("tenure-bench-", Path("/var/tmp")) as folder:
        replay(conninfo, options=Options(work_dir=Path(folder), workers=workers), observer=Stages())
    took_s = time.perf_counter() - began
    per_event_us, raw = took_s / size * 1e6, read_s / size * 1e6
    return (
        size,
        "replay, µs an event",
        round(per_event_us, 1),
        "",
        "COPY of the whole log",
        round(raw, 1),
        round(per_event_us / raw, 2),
    )


def _row(size: int, what: str, took_ms: list[float], limit: str, bare: list[float]) -> tuple[Cell, ...]:
    ours, raw = median(took_ms), median(bare)
    last = quantiles(took_ms, n=100)[98]
    return (size, what, round(ours, 3), round(last, 3), limit, round(raw, 3), round(ours / raw, 2))


if __name__ == "__main__":
    main()
