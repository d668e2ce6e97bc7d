"""Scheduled handlers that leave a mark, in this process or in one of their own."""

import sys
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from threading import Event
from typing import Any

import psycopg

from events.clock import utc_now
from jobs.schedule import Scheduled, Scheduler

NOW = datetime(2026, 3, 3, 12, 30, tzinfo=UTC)
HOUR = timedelta(hours=1)


def connection(conninfo: str) -> psycopg.Connection[Any]:
    """As the scheduler has it: autocommit, with the service's rights only."""
    conn = psycopg.connect(conninfo, autocommit=True)
    conn.execute("SET ROLE tenure_app")
    return conn


def make_marks(conninfo: str) -> None:
    """A table in which nothing keeps a mark from being made twice."""
    with psycopg.connect(conninfo) as conn:
        conn.execute(
            "CREATE TABLE marks (name text, at timestamptz, pid int, made timestamptz DEFAULT now())"
        )
        conn.execute("GRANT ALL ON marks TO tenure_app")


def mark(name: str, *, every: timedelta = HOUR, pid: int = 0) -> Scheduled:
    """A handler that leaves a mark."""

    def run(conn: psycopg.Connection[Any], now: datetime) -> dict[str, Any]:
        with conn.transaction():
            conn.execute("INSERT INTO marks (name, at, pid) VALUES (%s, %s, %s)", [name, now, pid])
        return {"marked": 1}

    return Scheduled(name, every, run)


def doing(name: str, do: Callable[[], object], *, every: timedelta = HOUR) -> Scheduled:
    """A handler that does that."""

    def run(_conn: psycopg.Connection[Any], _now: datetime) -> dict[str, Any]:
        do()
        return {}

    return Scheduled(name, every, run)


def marks(conninfo: str, name: str) -> list[tuple[datetime, int]]:
    """(when, by which process) of each mark, oldest first."""
    with psycopg.connect(conninfo) as conn:
        query = "SELECT at, pid FROM marks WHERE name = %s ORDER BY made, at"
        return conn.execute(query, [name]).fetchall()


def main() -> None:
    """One scheduler process: `beat` each second, `hang` as long as the row says."""
    conninfo, pid = sys.argv[1], int(sys.argv[2])

    def hang(conn: psycopg.Connection[Any], now: datetime) -> dict[str, Any]:
        with conn.transaction():
            conn.execute("INSERT INTO marks (name, at, pid) VALUES ('hang', %s, %s)", [now, pid])
            if pid == 1:
                sys.stdout.write("in the middle\n")
                sys.stdout.flush()
                time.sleep(600)
        return {}

    handlers = [
        mark("beat", every=timedelta(seconds=1), pid=pid),
        mark("hourly", every=timedelta(days=365), pid=pid),
        Scheduled("hang", timedelta(days=365), hang),
    ]
    Scheduler(lambda: connection(conninfo), handlers, clock=utc_now).run(Event())


if __name__ == "__main__":
    main()
