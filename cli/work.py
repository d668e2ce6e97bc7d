"""`tenure work`: run the projector, the scheduler and background jobs until a signal stops it."""

import signal
import threading
from collections.abc import Callable
from functools import partial

import click
import psycopg
import structlog

from database.pool import Connection
from events.child_processes import follow_parent
from events.clock import utc_now
from handlers.plans import publish_default_plans
from handlers.trusted_accounts import declare_trusted_accounts
from projections.errors import PartBehind, PartBusy
from projections.projector import BatchReport
from projections.runner import Runner
from service import tracing
from service.batch_tracing import TracedBatches
from service.wiring import projector_connection, refuse_unfit, server, service_settings
from service.worker import background
from settings import Settings

_log = structlog.get_logger("tenure.work")


@click.command()
@click.option("--follow", is_flag=True, hidden=True, help="Stop when stdin closes.")
def work(*, follow: bool) -> None:
    """Run projector, scheduler and background jobs. Several may run; one of them leads."""
    settings = service_settings()
    stop = threading.Event()
    for which in (signal.SIGTERM, signal.SIGINT):
        signal.signal(which, lambda *_: stop.set())
    if follow:
        follow_parent()
    with server(settings, locks=True) as conninfo:
        refuse_unfit(conninfo)
        _publish_first_plans(conninfo, settings)
        _declare_accounts(conninfo, settings)
        _log.info("projector started")
        connect = partial(projector_connection, conninfo)
        with background(settings, conninfo, stop):
            Runner(connect, on_batch=_batch_observer(settings, connect)).run(stop)
        _log.info("projector stopped")


def _batch_observer(
    settings: Settings, connect: Callable[[], Connection]
) -> Callable[[BatchReport, float], None] | None:
    """The observer of each batch, if tracing is on."""
    return TracedBatches(connect) if tracing.begin(settings) else None


def _publish_first_plans(conninfo: str, settings: Settings) -> None:
    """Publish the default plans if there is no plan: without one every limit is zero."""
    try:
        with projector_connection(conninfo) as conn, conn.transaction():
            publish_default_plans(conn)
    except (psycopg.Error, PartBehind, PartBusy) as problem:
        _log.warning("no plans published: tenure plans defaults", error=type(problem).__name__)


def _declare_accounts(conninfo: str, settings: Settings) -> None:
    """Append STRIPE_TRUSTED_ACCOUNTS to the log if it has changed."""
    accounts = settings.stripe_trusted_accounts
    try:
        with projector_connection(conninfo) as conn, conn.transaction():
            if declare_trusted_accounts(conn, accounts, now=utc_now()):
                _log.info("trusted accounts changed", accounts=list(accounts))
    except psycopg.Error as problem:
        _log.warning("STRIPE_TRUSTED_ACCOUNTS not read: restart the worker", error=type(problem).__name__)
