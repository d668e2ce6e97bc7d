"""dj-stripe in Django under gunicorn: it stores each event, and here fetches nothing from Stripe's API."""

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from bench.load_client import SECRET
from bench.peers.contestant import Contestant, served
from bench.peers.errors import NotInstalled
from bench.peers.installs import install_dj_stripe
from bench.peers.postgres import database, pg_variables
from bench.peers.stripe_events import PeerEvent
from events import child_processes
from events.statements import AnyConnection, statement

NAME = "dj-stripe, events only"
PATH = "/stripe/webhook/00000000-0000-4000-8000-000000000001/"
GUNICORN = ("--workers", "2", "--threads", "8", "--no-control-socket", "--bind", "127.0.0.1:{port}")


@contextmanager
def dj_stripe(server_url: str, folder: Path) -> Iterator[Contestant]:
    """Running, with tables of its own. Raises: NotInstalled."""
    home = install_dj_stripe(folder)
    with database(server_url, "bench_dj_stripe") as url:
        variables = {"PATH": os.environ["PATH"], "STRIPE_WEBHOOK_SECRET": SECRET, **pg_variables(url)}
        _prepare(home, variables)
        command = [str(home / "venv/bin/gunicorn"), *GUNICORN, "dj_stripe_project:application"]
        with served(command, variables, home, folder / "dj_stripe.log") as port:
            yield Contestant(NAME, port, PATH, url, missing)


def missing(conn: AnyConnection, sent: Sequence[PeerEvent]) -> list[str]:
    """Events without a row."""
    rows = conn.execute(
        statement("bench.peers", "missing_dj_stripe_events"), {"ids": [event.id for event in sent]}
    )
    return [str(row[0]) for row in rows]


def _prepare(home: Path, variables: dict[str, str]) -> None:
    command = [str(home / "venv/bin/python"), "-c", "import dj_stripe_project; dj_stripe_project.prepare()"]
    done = child_processes.run(command, cwd=home, env=variables, capture_output=True, text=True)
    (home / "prepare.log").write_text(done.stdout + done.stderr)
    if done.returncode != 0:
        raise NotInstalled("its migrations failed; read prepare.log in --folder")
