"""`tenure run`: database, migrations, web, projector and an optional demo in one command."""

import os
import signal
import sys
from contextlib import closing
from functools import partial
from pathlib import Path
from types import FrameType
from typing import NoReturn

import click
import httpx
import structlog
from rich.markup import escape

from cli.lazy_group import debugging
from cli.output import console
from cli.serve import host_option, port_option, threads_option, workers_option
from database import embedded, migrations, restore_marker
from database.errors import DatabaseError
from database.pool import Connection, connect, place
from events.clock import utc_now
from events.statements import statement
from handlers.tokens import TokenRefused, check_token, create_token
from queries.rows import fetch_one
from service.local_secrets import DevSecrets, dev_secrets, dev_token, keep_dev_token
from service.run_locks import await_leftovers, supervising
from service.sockets import listen, url
from service.supervisor import Child, Supervisor
from service.wiring import as_service, server, service_settings
from settings import Settings, unread_names

# `tenure` of this installation, independent of the working directory.
_MAIN = "import sys; sys.path.insert(0, sys.argv.pop(1)); from cli import main; main()"
_COMMAND = (sys.executable, "-P", "-c", _MAIN, str(Path(__file__).parent.parent))

_log = structlog.get_logger("tenure.supervisor")


@click.command()
@host_option
@port_option
@workers_option
@threads_option
@click.option("--demo", is_flag=True, help="Send sample webhooks into an empty log.")
def run(*, host: str, port: int, workers: int, threads: int, demo: bool) -> None:
    """Run database, migrations, web, projector and jobs together. Ctrl-C stops all."""
    for which in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(which, _leave)
    settings = service_settings()
    out = console(stderr=False)
    report = partial(out.print, markup=False)
    await_leftovers(settings.data_dir, report)
    with (
        listen(host, port) as listener,
        server(settings, report=report, may_begin=True, locks=True) as conninfo,
        supervising(settings.data_dir) as inherited,
    ):
        with closing(connect(conninfo, application_name="tenure-run")) as conn:
            restore_marker.refuse_unfinished(conn)
        migrations.up(conninfo, report=report)
        secrets = _lend_to_children(settings) if demo else None
        address = url(host, listener)
        supervisor = Supervisor(
            [
                Child(
                    "web", _web(listener.fileno(), workers, threads), pass_fds=(listener.fileno(), *inherited)
                ),
                Child("projector", [*_COMMAND, *_debug(), "work", "--follow"], pass_fds=inherited),
            ],
            tend=partial(_tend_database, settings),
        )

        def announce() -> None:
            out.print(f"\n[bold]Tenure[/bold] is at {address} (database {escape(place(conninfo))})")
            out.print(f"  console  {address}/console")
            if demo:
                _announce_demo(supervisor, settings, conninfo, address, secrets)
            else:
                out.print("  a token  tenure tokens create auditor")
            for name in _unset_secrets(settings) if secrets is None else ():
                out.print(f"  closed   {name} is not set, so that endpoint answers 503")
            for name, meant in unread_names().items():
                if meant:
                    out.print(f"  ignored  {name} is set, but Tenure reads {meant}")
            out.print("  stop     Ctrl-C\n")
            sys.stdout.flush()

        supervisor.run(ready=lambda: _answers(address), announce=announce)
    out.print("stopped")


def _tend_database(settings: Settings) -> None:
    """Restart an embedded server that died; a server behind DATABASE_URL is not ours to restart."""
    if settings.database_url is not None:
        return
    try:
        if embedded.revive(settings.data_dir):
            _log.warning("PostgreSQL died, restarted")
    except DatabaseError as problem:
        _log.error("PostgreSQL died and can't be restarted", error=str(problem))


def _web(fd: int, workers: int, threads: int) -> list[str]:
    sizes = ["--workers", str(workers), "--threads", str(threads)]
    return [*_COMMAND, *_debug(), "serve", "--follow", "--fd", str(fd), *sizes]


def _unset_secrets(settings: Settings) -> list[str]:
    """Names of the secrets without which a webhook endpoint refuses every delivery."""
    endpoints = {
        "STRIPE_WEBHOOK_SECRETS": settings.stripe_webhook_secrets,
        "CLERK_WEBHOOK_SECRETS": settings.clerk_webhook_secrets,
    }
    return [name for name, secrets in endpoints.items() if not secrets]


def _debug() -> list[str]:
    return ["--debug"] if debugging() else []


def _announce_demo(
    supervisor: Supervisor,
    settings: Settings,
    conninfo: str,
    address: str,
    secrets: DevSecrets | None,
) -> None:
    out = console()
    with connect(conninfo, application_name="tenure-run", statement_timeout_s=60) as conn:
        as_service(conn)
        out.print(f"  token    {_auditor(conn, settings)} (auditor)", soft_wrap=True)
        row = fetch_one(conn, statement("cli", "provider_events"), {})
    if secrets is not None:
        out.print("  secrets  generated for this demo only:")
        out.print(f"           STRIPE_WEBHOOK_SECRETS={secrets.stripe}", soft_wrap=True)
        out.print(f"           CLERK_WEBHOOK_SECRETS={secrets.clerk}", soft_wrap=True)
    if row is not None and row["any"]:
        out.print("  demo     not sent: the log has webhooks already (tenure demo sends them)")
        return
    child = Child("demo", [*_COMMAND, *_debug(), "demo", "--yes", "--url", address], once=True)
    supervisor.add(child)


def _auditor(conn: Connection, settings: Settings) -> str:
    """The demo's token: the previous one if it is still valid, else a new one."""
    token = dev_token(settings.data_dir)
    if token is not None:
        try:
            check_token(conn, token, now=utc_now())
            return token
        except TokenRefused:
            pass
    text, _ = create_token(conn, "auditor", name="demo", now=utc_now())
    keep_dev_token(settings.data_dir, text)
    return text


def _lend_to_children(settings: Settings) -> DevSecrets | None:
    """Demo secrets for the webhook endpoints without real ones; None if both have real secrets.

    A demo sends thousands of webhooks, so they are not logged unless a log level is set.
    """
    local = dev_secrets(settings.data_dir)
    needed = {
        "STRIPE_WEBHOOK_SECRETS": "" if settings.stripe_webhook_secrets else local.stripe,
        "CLERK_WEBHOOK_SECRETS": "" if settings.clerk_webhook_secrets else local.clerk,
    }
    lent = {name: value for name, value in needed.items() if value}
    level = {} if "log_level" in settings.model_fields_set else {"LOG_LEVEL": "WARNING"}
    os.environ.update(lent | level)  # for child processes, whose settings read it
    return local if lent else None


def _answers(address: str) -> bool:
    try:
        return httpx.get(f"{address}/healthz", timeout=0.5).status_code < 500
    except httpx.TransportError:
        return False


def _leave(_number: int, _frame: FrameType | None) -> NoReturn:
    """Exit before the supervisor handles signals, so that everything started so far is stopped."""
    sys.exit(0)
