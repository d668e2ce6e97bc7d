"""stripe-sync-engine: a mirror of Stripe's objects, written inside the request."""

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import psycopg

from bench.peers.contestant import Contestant, served
from bench.peers.errors import NotInstalled
from bench.peers.installs import install_sync_engine
from bench.peers.postgres import database, pg_variables
from bench.peers.stripe_events import KINDS, PeerEvent
from events import child_processes
from events.statements import AnyConnection, statement

NAME = "stripe-sync-engine"
PROCESSES = (1, 2)
STALE = {"subscription": "stale_subscriptions", "invoice": "stale_invoices"}


def name(processes: int) -> str:
    """Such as `stripe-sync-engine, 2 processes`."""
    return f"{NAME}, {processes} process{'es' if processes > 1 else ''}"


NAMES = tuple(map(name, PROCESSES))


@contextmanager
def sync_engine(server_url: str, folder: Path, *, processes: int) -> Iterator[Contestant]:
    """Running, with tables of its own. Raises: NotInstalled."""
    home = install_sync_engine(folder)
    with database(server_url, f"bench_sync_engine_{processes}") as url:
        variables = {"PATH": os.environ["PATH"], "PROCESSES": str(processes), **pg_variables(url)}
        _migrate(home, variables, url)
        log = folder / f"sync_engine_{processes}.log"
        with served(["node", "sync_engine.js"], variables, home, log) as port:
            yield Contestant(name(processes), port, "/webhooks", url, missing)


def missing(conn: AnyConnection, sent: Sequence[PeerEvent]) -> list[str]:
    """Objects that don't show their last event: it keeps no events, only the newest snapshot of each object."""
    stale: list[str] = []
    for kind in KINDS:
        newest = {event.snapshot: event.created for event in sent if event.kind == kind}
        values = {"ids": list(newest), "created": list(newest.values())}
        stale += [str(row[0]) for row in conn.execute(statement("bench.peers", STALE[kind]), values)]
    return stale


def _migrate(home: Path, variables: dict[str, str], url: str) -> None:
    """Its own migrations, which write errors to the output and exit with 0."""
    command = ["node", "sync_engine.js", "migrate"]
    done = child_processes.run(command, cwd=home, env=variables, capture_output=True, text=True)
    (home / "migrate.log").write_text(done.stdout + done.stderr)
    try:
        with psycopg.connect(url) as conn:
            missing(conn, [])
    except (psycopg.errors.UndefinedTable, psycopg.errors.UndefinedColumn):
        raise NotInstalled("its migrations failed; read migrate.log in --folder") from None
