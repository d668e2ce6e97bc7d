"""Tenure: `tenure serve` alone, and with `tenure work` beside it."""

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path

import psycopg

from bench.endpoints import environment, process
from bench.load_client import answering, free_port
from bench.peers.contestant import Contestant
from bench.peers.errors import NotProjected
from bench.peers.postgres import database
from bench.peers.stripe_events import PeerEvent
from database import migrations
from events.statements import AnyConnection, statement
from queries.lag import projection_lag

ALONE = "Tenure, endpoints alone"
PROJECTED = "Tenure with its projector"
PATH = "/webhooks/stripe"
MAX_WAIT_S = 120.0
LOOK_S = 0.02


@contextmanager
def endpoints(server_url: str, folder: Path) -> Iterator[Contestant]:
    """The endpoints; events are appended, and projected by nothing."""
    with _served(server_url, folder, "bench_tenure") as (url, _, port):
        yield Contestant(ALONE, port, PATH, url, missing_events)


@contextmanager
def with_projector(server_url: str, folder: Path) -> Iterator[Contestant]:
    """The endpoints, and `tenure work` while they are measured."""
    with _served(server_url, folder, "bench_tenure_projected") as (url, home, port):
        yield Contestant(PROJECTED, port, PATH, url, missing, partial(_working, url, home))


def missing_events(conn: AnyConnection, sent: Sequence[PeerEvent]) -> list[str]:
    """Events that are not in the log."""
    values = {"ids": [event.id for event in sent], "customers": [event.customer for event in sent]}
    return [str(row[0]) for row in conn.execute(statement("bench.peers", "missing_tenure_events"), values)]


def missing(conn: AnyConnection, sent: Sequence[PeerEvent]) -> list[str]:
    """Events that are not in the log, and users whose subscription does not show their last snapshot."""
    newest = {event.user: event for event in sent if event.kind == "subscription"}
    values = {
        "users": list(newest),
        "statuses": [event.status for event in newest.values()],
        "period_ends": [event.period_end for event in newest.values()],
    }
    stale = conn.execute(statement("bench.peers", "stale_tenure_users"), values)
    return [*missing_events(conn, sent), *(str(row[0]) for row in stale)]


@contextmanager
def _served(server_url: str, folder: Path, name: str) -> Iterator[tuple[str, Path, int]]:
    """(database, data directory, port) of a running `tenure serve`."""
    home, port = folder / name, free_port()
    home.mkdir(exist_ok=True)
    with database(server_url, name) as url:
        migrations.up(url)
        words, log = ["-m", "cli", "serve", "--port", str(port)], home / "serve.log"
        with process(words, environment(url, home), log):
            answering(port, log)
            yield url, home, port


@contextmanager
def _working(url: str, home: Path) -> Iterator[Callable[[], None]]:
    """`tenure work`, and a function that waits until the tables show every event."""
    words = ["-m", "cli", "work"]
    with (
        process(words, environment(url, home), home / "work.log"),
        psycopg.connect(url, autocommit=True) as conn,
    ):
        yield partial(_await_tables, conn)


def _await_tables(conn: AnyConnection) -> None:
    until = time.monotonic() + MAX_WAIT_S
    while waiting := projection_lag(conn).events:
        if time.monotonic() > until:
            raise NotProjected(waiting, MAX_WAIT_S)
        time.sleep(LOOK_S)
