"""Usage records over HTTP at 16 clients, beside a bare Flask POST that makes a bare INSERT."""

import argparse
import os
import signal
import socket
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from statistics import median

import psutil
import psycopg
from flask import Flask, Response, request
from psycopg_pool import ConnectionPool

from bench import endpoints
from bench.cpu_time import cpu_summary, spent_s
from bench.embedded_server import durable_database
from bench.load_client import LoadResult, answering, knock
from bench.report import report, spread
from database.scratch_folder import scratch_folder
from events import child_processes
from events.append import append_all
from events.clock import utc_now
from events.domain import user_event
from events.domain.user import EntitlementGranted
from handlers.plans import publish_default_plans
from handlers.tokens import create_token
from projections.projector import Projector

CLIENTS = 16
USERS = 400
BARE_TABLE = (
    "CREATE TABLE bare_usage (user_id text, key text, metric text, quantity bigint,"
    " recorded_at timestamptz DEFAULT clock_timestamp(), PRIMARY KEY (user_id, key))"
)
BARE_INSERT = "INSERT INTO bare_usage (user_id, key, metric, quantity) VALUES (%s, %s, %s, %s)"
WARM_S = 2.0
Served = tuple[int, psutil.Process]


@dataclass(frozen=True)
class Run:
    """One run, with its processor time by kind (milliseconds per record)."""

    tally: LoadResult
    spent_ms: str


def bare_app() -> Flask:
    """A minimal app that stores the same request, without token, limit or deduplication."""
    app = Flask("bare")
    pool = ConnectionPool(os.environ["BENCH_DATABASE"], max_size=10, open=True)

    @app.post("/api/users/<user_id>/usage")
    def record(user_id: str) -> Response:
        payload = request.get_json()
        with pool.connection() as conn:
            conn.execute(
                BARE_INSERT, (user_id, payload["idempotency_key"], payload["metric"], payload["quantity"])
            )
        return Response("{}", mimetype="application/json")

    return app


@contextmanager
def our_service(conninfo: str) -> Iterator[Served]:
    """`tenure serve`, with two workers of eight threads."""
    with (
        scratch_folder("tenure-bench-", Path("/var/tmp")) as folder,
        endpoints.served(conninfo, Path(folder)) as running,
    ):
        yield running


@contextmanager
def bare_service(conninfo: str) -> Iterator[Served]:
    """gunicorn with the bare app and as many workers and threads."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port = int(listener.getsockname()[1])
    sizes = ["-k", "gthread", "-w", "2", "--threads", "8", "--keep-alive", "30", "--log-level", "error"]
    server = child_processes.start(
        [sys.executable, "-m", "gunicorn", *sizes, "-b", f"127.0.0.1:{port}", "bench.usage:bare_app()"],
        env=os.environ | {"BENCH_DATABASE": conninfo, "LOG_LEVEL": "WARNING"},
        stdout=child_processes.DEVNULL,
    )
    try:
        answering(port)
        yield port, psutil.Process(server.pid)
    finally:
        server.send_signal(signal.SIGTERM)
        server.wait(20)


def records(token: str) -> Iterator[bytes]:
    """Endless HTTP requests: each record once, for one user after the other."""
    first = time.time_ns()
    for turn in count():
        body = b'{"metric":"enrichments","quantity":1,"idempotency_key":"%d"}' % (first + turn)
        yield (
            b"POST /api/users/user_%d/usage HTTP/1.1\r\nHost: bench\r\nAuthorization: Bearer %s\r\n"
            b"Content-Type: application/json\r\nContent-Length: %d\r\n\r\n"
            % (turn * 37 % USERS, token.encode(), len(body))
        ) + body


def drive(running: Served, token: str, seconds: float) -> Run:
    """16 clients with a connection each, against a warm service."""
    port, server = running
    work = records(token)
    knock(port, work, connections=CLIENTS, seconds=WARM_S)
    before = spent_s(server)
    tally = knock(port, work, connections=CLIENTS, seconds=seconds)
    spent = cpu_summary(before, spent_s(server), tally.acked)
    if set(tally.statuses) != {"200"}:
        raise SystemExit(f"expected 200 from every request, found {tally.statuses}")
    return Run(tally, spent)


def prepare(conninfo: str) -> str:
    """People on the plan without limits; the token of a service."""
    people = [f"user_{number}" for number in range(USERS)]
    with psycopg.connect(conninfo) as conn:
        publish_default_plans(conn)
        conn.execute(BARE_TABLE)
        grant = EntitlementGranted(plan_key="fame_flex")
        append_all(
            conn,
            [user_event(grant, user_id=person, now=utc_now(), idempotency_key=person) for person in people],
        )
        conn.commit()
        while Projector().project(conn, parts=64, limit=1000).events:
            conn.commit()
        return create_token(conn, "service", name="bench", now=utc_now())[0]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=10)
    parser.add_argument("--write", action="store_true", help="put the table in bench/RESULTS.md")
    arguments = parser.parse_args()
    services = {"ours": our_service, "bare": bare_service}
    figures: dict[str, list[Run]] = {name: [] for name in services}
    with durable_database() as conninfo:
        token = prepare(conninfo)
        for _ in range(arguments.runs):
            for name, serving in services.items():
                with serving(conninfo) as running:
                    figures[name].append(drive(running, token, arguments.seconds))
        _check(conninfo)
    rows = [
        (
            name,
            spread([run.tally.rate for run in figure]),
            spread([run.tally.percentile(0.5) for run in figure]),
            spread([run.tally.percentile(0.99) for run in figure]),
            figure[-1].spent_ms,
        )
        for name, figure in figures.items()
    ]
    pairs = zip(figures["ours"], figures["bare"], strict=True)
    ratio = median(ours.tally.rate / bare.tally.rate for ours, bare in pairs)
    report(
        "Usage over HTTP",
        ("app", "records/s", "p50 ms", "p99 ms", "processor ms each"),
        rows,
        notes=f"`python -m bench usage`, {CLIENTS} clients, {USERS} users, gunicorn with 2 workers of 8 threads, fsync "
        f"on, median (range) of {arguments.runs} interleaved runs of {arguments.seconds:g} s; client, server and database "
        f"share {os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}. Ratio to the bare app {ratio:.2f}. "
        "Goal: 500 records/s and p99 under 50 ms.",
        write=arguments.write,
    )


def _check(conninfo: str) -> None:
    """Check that the counted records equal the answered ones."""
    with psycopg.connect(conninfo) as conn:
        counted = conn.execute("SELECT sum(enrichments_current_month) FROM user_usage").fetchone()
        events = conn.execute("SELECT count(*) FROM events WHERE event_type = 'usage.recorded'").fetchone()
        if counted != events:
            raise SystemExit(f"{counted} counted, but {events} events")


if __name__ == "__main__":
    main()
