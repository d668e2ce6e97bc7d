"""Profile, as_of, history and explain on a database of a million events: p50 and p99, in process."""

import argparse
import time
from collections.abc import Callable
from datetime import datetime
from random import Random
from statistics import median, quantiles

import psycopg

from bench.embedded_server import durable_database
from bench.load_events import fill
from bench.report import report
from projections.runner import Runner
from queries.explain import explain
from queries.history import history
from queries.profile import profile
from queries.timetravel import profile_at

RAW = "SELECT event_data::text FROM events WHERE part = %s AND route_key = %s"


def timed(calls: list[Callable[[], object]]) -> list[float]:
    """Milliseconds of each call."""
    took_ms = []
    for call in calls:
        started = time.perf_counter()
        call()
        took_ms.append((time.perf_counter() - started) * 1000)
    return took_ms


def questions(conn: psycopg.Connection, repeats: int) -> dict[str, list[Callable[[], object]]]:
    """Calls of each kind of query about random users and instants."""
    random = Random(7)
    rows = conn.execute("SELECT user_id, created_at, updated_at FROM users ORDER BY user_id").fetchall()
    picks = [random.choice(rows) for _ in range(repeats)]
    instants: list[datetime] = [row[1] + (row[2] - row[1]) / 2 for row in picks]
    streams = conn.execute(
        "SELECT e.part, e.route_key FROM events e JOIN customer_links l ON l.customer_id = e.route_key"
        " WHERE e.position %% 97 = 0 LIMIT %s",
        (repeats,),
    ).fetchall()
    return {
        "one stream's bodies, bare SELECT": [lambda s=s: conn.execute(RAW, s).fetchall() for s in streams],  # type: ignore[misc]
        "profile": [lambda u=p[0]: profile(conn, u) for p in picks],  # type: ignore[misc]
        "profile as_of": [
            lambda u=p[0], at=at: profile_at(conn, u, as_of=at)  # type: ignore[misc]
            for p, at in zip(picks, instants, strict=True)
        ],
        "history": [lambda u=p[0]: history(conn, u) for p in picks],  # type: ignore[misc]
        "explain": [lambda u=p[0]: explain(conn, u, "current_plan") for p in picks],  # type: ignore[misc]
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--events", type=int, default=1_000_000)
    parser.add_argument("--asked", type=int, default=500)
    parser.add_argument("--write", action="store_true", help="put the table in bench/RESULTS.md")
    arguments = parser.parse_args()
    with durable_database() as conninfo, psycopg.connect(conninfo, autocommit=True) as conn:
        with conn.transaction():
            fill(conn, arguments.events)
        Runner(lambda: psycopg.connect(conninfo, autocommit=True)).drain()
        conn.execute("ANALYZE")
        rows = []
        for name, calls in questions(conn, arguments.asked).items():
            timed(calls[:20])
            took_ms = timed(calls)
            rows.append((name, round(median(took_ms), 2), round(quantiles(took_ms, n=100)[98], 2)))
        events_each = conn.execute(
            "SELECT count(*)::float / greatest(1, (SELECT count(*) FROM users)) FROM events"
        )
        per_user = (events_each.fetchone() or (0,))[0]
    report(
        "Questions about the past",
        ("question", "p50 ms", "p99 ms"),
        rows,
        notes=f"`python -m bench past`: {arguments.events:,} events, {per_user:.0f} a user, {arguments.asked} questions of each kind. "
        "Goals, p99: profile 2 ms, as_of 10 ms, history 25 ms.",
        write=arguments.write,
    )


if __name__ == "__main__":
    main()
