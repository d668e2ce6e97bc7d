"""`tenure schedule`: list, preview and run time-based handlers."""

from contextlib import closing
from datetime import timedelta
from typing import Any

import click

from cli.errors import Failure
from cli.output import console, emit_json, emit_table, json_option
from cli.parameters import FILLED_TEXT
from database.pool import connect
from events.clock import utc_now
from handlers.configuration_keys import value_text
from handlers.schedule_preview import KINDS, preview
from jobs.schedule import RunRow, Scheduled, due_at, run_now, runs_so_far
from queries.pluralize import counted
from service.decision_clocks import decision_now
from service.schedule import scheduled, trial_grace
from service.wiring import as_service, command_settings, server
from service.worker import direct_connection

_COLUMNS = ("name", "every", "does", "last_run_at", "next_due_at", "runs", "failures", "error")
_COMING = ("at", "user_id", "what", "why")


@click.group()
def schedule() -> None:
    """List, preview and run time-based handlers."""


@schedule.command("list")
@json_option
def list_all(*, as_json: bool) -> None:
    """List handlers with their last run, next run and last error."""
    settings = command_settings()
    with server(settings) as conninfo, closing(connect(conninfo, application_name="tenure-cli")) as conn:
        as_service(conn)
        runs = runs_so_far(conn)
        rows = [_row(handler, runs.get(handler.name)) for handler in scheduled(settings, conninfo)]
    if as_json:
        emit_json(rows)
    else:
        emit_table(rows, _COLUMNS, empty="nothing is scheduled")


@schedule.command()
@click.argument("name", type=FILLED_TEXT)
@json_option
def run(*, name: str, as_json: bool) -> None:
    """Run one handler now, in this process. The next scheduled run is at the usual time."""
    settings = command_settings()
    with server(settings, locks=True) as conninfo:
        handler = _named(name, scheduled(settings, conninfo))
        with closing(direct_connection(conninfo, "tenure-cli")) as conn:
            ran = run_now(conn, handler, now=decision_now(conn))
    if ran.outcome == "busy":
        raise Failure(f"{name} is running already; wait until it ends")
    if ran.outcome == "failed":
        raise Failure(f"{name} failed: {ran.error}")
    if as_json:
        emit_json({"name": name, "seconds": round(ran.seconds, 3), "result": ran.result})
    else:
        result = ", ".join(f"{key} {value}" for key, value in (ran.result or {}).items()) or "nothing to do"
        console().print(f"{name}: {result} ({ran.seconds:.2f} s)", markup=False)


@schedule.command("preview")
@click.option("--days", type=click.IntRange(1, 366), default=7, show_default=True)
@click.option(
    "--what", multiple=True, type=click.Choice(KINDS), help="Show only this kind of change; repeatable."
)
@json_option
def preview_days(*, days: int, what: tuple[str, ...], as_json: bool) -> None:
    """Preview which users will change, when and why. Nothing is written.

    The end of a month resets the counters of all users; --what selects other changes.
    """
    settings = command_settings()
    with server(settings) as conninfo, closing(connect(conninfo, application_name="tenure-cli")) as conn:
        as_service(conn)
        grace = trial_grace(conn)
        conn.commit()
        changes = preview(conn, utc_now(), days, grace=grace)
    coming = [change._asdict() for change in changes if not what or change.what in what]
    if as_json:
        emit_json(coming)
    else:
        whose = f" by {' or '.join(what)}" if what else ""
        empty = f"no user changes{whose} within {counted(days, 'day')} because time passes"
        emit_table(coming, _COMING, empty=empty)


def _named(name: str, handlers: list[Scheduled]) -> Scheduled:
    for handler in handlers:
        if handler.name == name:
            return handler
    names = ", ".join(handler.name for handler in handlers)
    raise click.BadParameter(f"expected one of {names}; found {name!r}.", param_hint="NAME")


def _row(handler: Scheduled, ran: RunRow | None) -> dict[str, Any]:  # Any: cells
    due = due_at(handler.every, utc_now())
    is_due = ran is None or ran.last_due_at is None or ran.last_due_at < due
    return {
        "name": handler.name,
        "every": value_text(handler.every // timedelta(seconds=1), "duration"),
        "does": handler.does,
        "last_run_at": ran.last_finished_at if ran else None,
        "next_due_at": due if is_due else due + handler.every,
        "runs": ran.runs if ran else 0,
        "failures": ran.failures if ran else 0,
        "error": _error(ran) if ran else None,
        "result": ran.result if ran else None,
        "ran_by": ran.ran_by if ran else None,
    }


def _error(ran: RunRow) -> str | None:
    """Why the last run failed, or for which users; None after a successful run."""
    alone = (ran.result or {}).get("failed")
    if alone and not ran.failures:
        return f"failed for {alone if isinstance(alone, int) else ', '.join(alone)}: see the log"
    return ran.error
