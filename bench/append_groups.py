"""Appending in groups of 32: by sets with the log's indexes, beside event by event with the indexes of migration 0041."""

import argparse
import re
import time
from collections.abc import Callable, Iterator
from itertools import count, cycle, islice
from pathlib import Path
from statistics import median

import orjson
import psycopg

from bench.embedded_server import durable_database
from bench.report import report, spread
from database import migrations
from demo.bulk import BulkEvent, bulk_events
from events.append import append_all
from events.clock import from_micros
from events.envelope import NewEvent
from events.identifiers import uuid7
from events.payload import digest, new_salt
from events.routing import part_of

GROUP = 32
INDEX = re.compile(r"CREATE INDEX (?:CONCURRENTLY )?(events_[a-z]+) (ON events [^;]+);")
INDEXED_BY = ("0002_events.sql", "0041_events_history.sql")
EVENT_BY_EVENT = "SELECT outcome FROM append_events_promptly(%s::json)"
Append = Callable[[psycopg.Connection, list[NewEvent]], list[str]]


def groups(seed: int) -> Iterator[list[NewEvent]]:
    """Endless groups of new events over about 500 customers, 3 KB each."""
    bodies = cycle(list(islice(bulk_events(3000, seed=seed), 2000)))
    numbers = count(time.time_ns())
    while True:
        yield [_event(next(bodies), next(numbers)) for _ in range(GROUP)]


def _event(event: BulkEvent, number: int) -> NewEvent:
    route = event.customer or event.id
    return NewEvent(
        source_system="stripe",
        idempotency_key=f"{event.id}{number}",
        route_key=route,
        aggregate_type="stripe_customer",
        aggregate_id=route,
        event_type=f"stripe.{event.type}",
        payload=event.body.decode(),
        occurred_at=from_micros(event.created * 1_000_000),
        metadata={"livemode": True, "signature": "t=1700000000,v1=" + "0" * 64},
    )


def by_sets(conn: psycopg.Connection, group: list[NewEvent]) -> list[str]:
    return [appended.outcome for appended in append_all(conn, group)]


def event_by_event(conn: psycopg.Connection, group: list[NewEvent]) -> list[str]:
    rows = [_as_before(nth, event) for nth, event in enumerate(group)]
    return [row[0] for row in conn.execute(EVENT_BY_EVENT, [orjson.dumps(rows).decode()])]


def _as_before(nth: int, event: NewEvent) -> dict[str, object]:
    salt = new_salt()
    names = ("source_system", "idempotency_key", "livemode", "route_key", "aggregate_type", "aggregate_id")
    return {
        "nth": nth,
        "part": part_of(event.route_key),
        "id": uuid7(),
        **{name: getattr(event, name) for name in names},
        "event_type": event.event_type,
        "event_version": event.event_version,
        "event_data": event.payload,
        "metadata": orjson.dumps(event.metadata).decode(),
        "occurred_at": event.occurred_at,
        "payload_salt": salt.hex(),
        "payload_digest": digest(salt, event.payload).hex(),
    }


def index_as_before(conn: psycopg.Connection) -> None:
    """Create the indexes that the log had in migration 0041 and no longer has."""
    for name in INDEXED_BY:
        for index, columns in INDEX.findall((migrations.DIRECTORY / name).read_text()):
            conn.execute(f"CREATE INDEX IF NOT EXISTS {index} {columns}".encode())


def database_seconds(conn: psycopg.Connection) -> float:
    """Processor time that this connection's server process has used."""
    return int(Path(f"/proc/{conn.info.backend_pid}/schedstat").read_text().split()[0]) / 1e9


def microseconds(conn: psycopg.Connection, append: Append, group: list[NewEvent]) -> tuple[float, float]:
    """(elapsed, processor time of the database) per event of one committed group."""
    used, started = database_seconds(conn), time.perf_counter()
    outcomes = append(conn, group)
    elapsed = time.perf_counter() - started
    if set(outcomes) != {"appended"}:
        raise RuntimeError(f"expected new events only, found {set(outcomes)}")
    return elapsed / GROUP * 1e6, (database_seconds(conn) - used) / GROUP * 1e6


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--groups", type=int, default=600)
    parser.add_argument("--write", action="store_true", help="put the table in bench/RESULTS.md")
    arguments = parser.parse_args()
    before, now = [], []
    with (
        durable_database() as older,
        durable_database() as newer,
        psycopg.connect(older, autocommit=True) as conn_before,
        psycopg.connect(newer, autocommit=True) as conn_now,
    ):
        index_as_before(conn_before)
        for group in islice(groups(seed=1), arguments.groups):
            before.append(microseconds(conn_before, event_by_event, group))
            now.append(microseconds(conn_now, by_sets, group))
    rows = [
        (
            name,
            spread([figures[column] for figures in before]),
            spread([figures[column] for figures in now]),
            f"{median(f[column] for f in now) / median(f[column] for f in before):.2f}",
        )
        for column, name in enumerate(("elapsed, with the commit", "processor time of the database"))
    ]
    report(
        "Append in groups",
        ("µs per event", "event by event, indexes of 0041", "by sets, today's indexes", "ratio"),
        rows,
        notes=f"`python -m bench append_groups`: {arguments.groups} groups of {GROUP} events of 3 KB, each committed, fsync on, "
        "one connection each, group after group in turn. Goal: 0.3.",
        write=arguments.write,
    )


if __name__ == "__main__":
    main()
