"""`tenure status`: running processes, lag and alarms on one screen."""

from contextlib import closing
from functools import partial
from typing import Any

import click
from click.core import ParameterSource
from psycopg import errors
from rich.markup import escape

from cli.live_output import redraw, stream_json
from cli.output import console, emit_json, json_option, pair_lines
from database import migrations, restore_marker
from database.migrations import MigrationState
from database.pool import connect, place
from events.clock import utc_now
from events.statements import AnyConnection, Row, statement
from handlers.alarms import alarms
from projections.code_version import projector_version
from projections.replay import standing
from queries.lag import projection_lag, refolds_waiting
from queries.rows import fetch_all, fetch_one
from service.wiring import as_service, command_settings, server


@click.command()
@json_option
@click.option("--watch", is_flag=True, help="Redraw the screen until Ctrl-C.")
@click.option(
    "--every",
    "every_s",
    type=click.FloatRange(min=0.1, max=3600),
    default=2.0,
    show_default=True,
    help="Seconds between two updates of --watch.",
)
def status(*, as_json: bool, watch: bool, every_s: float) -> None:
    """Show running processes, lag and alarms on one screen.

    With --watch the tables are not compared with their digest, which reads every user's state. In a pipe
    one screen follows the other; with --json each update is one line.
    """
    if (
        not watch
        and click.get_current_context().get_parameter_source("every_s") is not ParameterSource.DEFAULT
    ):
        raise click.UsageError("--every requires --watch")
    settings = command_settings()
    with server(settings) as conninfo:
        embedded = settings.database_url is None
        if watch:
            glance = partial(look, conninfo, embedded=embedded, compared=False)
            if as_json:
                stream_json(glance, every_s=every_s)
            else:
                redraw(lambda: lines(glance(), advice_first=True), every_s=every_s)
            return
        current = look(conninfo, embedded=embedded)
    if as_json:
        emit_json(current)
        return
    for line in lines(current):
        console().print(line, soft_wrap=True)


def look(conninfo: str, *, embedded: bool, compared: bool = True) -> Row:
    """The current status; `compared`: also compare the tables with the digest of the last replay."""
    current: Row = {"at": utc_now().replace(microsecond=0), "database": place(conninfo), "embedded": embedded}
    with closing(connect(conninfo, application_name="tenure-cli")) as conn:
        if unfinished := restore_marker.unfinished(conn):
            return current | {"restore_unfinished": True, "advice": [unfinished]}
    current |= _migrations(conninfo)
    current |= _tables(conninfo, expected=not current["migrations_pending"], compared=compared)
    return current | {"advice": advice(current)}


def lines(current: Row, *, advice_first: bool = False) -> list[str]:
    """The screen as rich's markup; `advice_first` for small terminals, which show only its top."""
    shown = {
        name: value
        for name, value in current.items()
        if name not in ("advice", "alarms", "tables_differ", "idle", "refolds_late")
    }
    if "running" in shown:
        shown["running"] = ", ".join(shown["running"]) or "nothing"
    advised = [f"[yellow]{escape(line)}[/yellow]" for line in current["advice"]]
    pairs = pair_lines("Tenure", shown)
    return advised + pairs if advice_first else pairs + advised


def advice(current: Row) -> list[str]:
    """What the operator should do, most urgent first; empty if there are no problems."""
    advised = [
        forms[0 if current[name] == 1 else -1].format(**current)
        for name, forms in _ADVICE.items()
        if current.get(name)
    ]
    return advised + list(current.get("alarms", ()))


def _migrations(conninfo: str) -> Row:
    rows = migrations.status(conninfo)
    odd = [one.name for one in rows if one.state in (MigrationState.EDITED, MigrationState.UNKNOWN)]
    return {
        "migrations_applied": sum(one.state is MigrationState.APPLIED for one in rows),
        "migrations_pending": sum(one.state is MigrationState.PENDING for one in rows),
        "migrations_odd": odd,
    }


def _tables(conninfo: str, *, expected: bool, compared: bool) -> Row:
    """The counts; empty if the tables are missing and not `expected` yet."""
    conn = connect(conninfo, application_name="tenure-cli", statement_timeout_s=60)
    with closing(conn):
        try:
            as_service(conn)
            current = {"running": _running(conn)} | _counts(conn) | _lag(conn)
            current["idle"] = not current["running"]
            current["alarms"] = [alarm.message for alarm in alarms(conn, now=utc_now())]
            conn.commit()  # the digest uses its own snapshot
            return current | _standing(conn) if compared else current
        except (errors.UndefinedTable, errors.UndefinedColumn, errors.InvalidParameterValue):
            if expected:
                raise
            return {}


def _running(conn: AnyConnection) -> list[str]:
    """The parts of the service that are connected: jobs, projector, scheduler, web."""
    return [row["part"] for row in fetch_all(conn, statement("cli", "running"), {})]


def _counts(conn: AnyConnection) -> Row:
    row = fetch_one(conn, statement("cli", "service_status"), {})
    assert row is not None  # a SELECT without FROM always returns one row
    built_by = row.pop("projector_versions") or []
    version = projector_version()
    return row | {"projector_version": version, "replay_due": any(v != version for v in built_by)}


def _lag(conn: AnyConnection) -> dict[str, Any]:  # Any: numbers
    lag = projection_lag(conn)
    refolds = refolds_waiting(conn)
    waited = None if lag.oldest_recorded_at is None else utc_now() - lag.oldest_recorded_at
    return {
        "lag_events": lag.events,
        "lag_s": 0.0 if waited is None else round(max(0.0, waited.total_seconds()), 3),
        "stalled_s": round(lag.stalled_s) if lag.is_stalled() else 0,
        "refolds": refolds.users,
        "refolds_oldest_s": round(refolds.oldest_s),
        "refolds_late": refolds.users if refolds.is_old() else 0,
    }


def _standing(conn: AnyConnection) -> Row:
    """Whether the tables equal the result of the last replay and the batches since."""
    tables = standing(conn)
    return {
        "tables_equal_replay": tables.equal,
        "tables": tables.describe(),
        "tables_differ": not tables.equal,
    }


# Singular and plural.
_ADVICE: dict[str, tuple[str, ...]] = {
    "idle": (
        "no process of the service is connected to the database: tenure run, or tenure serve and tenure work",
    ),
    "stalled_s": (
        "no projector has made progress for {stalled_s} s although events wait: is `tenure work` running? "
        "see its log",
    ),
    "migrations_odd": ("{migrations_odd} differ from what was applied: tenure migrate status",),
    "migrations_pending": (
        "1 migration waits: tenure migrate up",
        "{migrations_pending} migrations wait: tenure migrate up",
    ),
    "tables_differ": (
        "the projected tables were changed outside of Tenure: tenure replay --check names what differs",
    ),
    "replay_due": ("the tables were built by another version of the projector: tenure replay",),
    "quarantined": (
        "1 user is quarantined, with outdated rows: tenure quarantine list",
        "{quarantined} users are quarantined, with outdated rows: tenure quarantine list",
    ),
    "unlinked_customers": (
        "1 Stripe customer is linked to no user: tenure link unlinked",
        "{unlinked_customers} Stripe customers are linked to no user: tenure link unlinked",
    ),
    "dead_jobs": (
        "1 background job has no retry left: tenure jobs list --status dead",
        "{dead_jobs} background jobs have no retry left: tenure jobs list --status dead",
    ),
    "failing_handlers": (
        "1 scheduled handler fails: tenure schedule list",
        "{failing_handlers} scheduled handlers fail: tenure schedule list",
    ),
    "lag_events": (
        "1 event waits, for {lag_s} s: is `tenure work` running?",
        "{lag_events} events wait, the first for {lag_s} s: is `tenure work` running?",
    ),
    "refolds_late": (
        "1 user waits for a refold, for {refolds_oldest_s} s: is `tenure work` running?",
        "{refolds_late} users wait for a refold, the first for {refolds_oldest_s} s: "
        "is `tenure work` running?",
    ),
    "unreadable": (
        "1 signed delivery is not a JSON object: tenure events unreadable",
        "{unreadable} signed deliveries are not JSON objects: tenure events unreadable",
    ),
    "conflicts": (
        "1 event arrived again with a different body: tenure events conflicts",
        "{conflicts} events arrived again with a different body: tenure events conflicts",
    ),
}
