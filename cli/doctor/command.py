"""`tenure doctor`: run every check, print the worst first, and exit 1 if one fails."""

from contextlib import closing

import click
from rich.markup import escape

from cli.doctor.checks_database import (
    added_index_check,
    guard_checks,
    migration_checks,
    server_checks,
    session_check,
)
from cli.doctor.checks_leftovers import leftover_checks
from cli.doctor.checks_replica import replica_checks
from cli.doctor.checks_service import service_checks
from cli.doctor.checks_settings import settings_checks
from cli.doctor.findings import SEVERITIES, DoctorFinding, worst
from cli.errors import one_line
from cli.lazy_group import debugging, show_where
from cli.output import console, emit_json, json_option
from database import restore_marker
from database.pool import connect
from service.wiring import command_settings, server
from settings import Settings

MARKS = {
    "ok": "[green]ok[/green]  ",
    "note": "[dim]note[/dim]",
    "warn": "[yellow]warn[/yellow]",
    "fail": "[red]fail[/red]",
}


@click.command()
@json_option
@click.pass_context
def doctor(context: click.Context, *, as_json: bool) -> None:
    """Check the installation; print a fix per finding. Exit 1 if a check fails."""
    settings = command_settings()
    findings = [*settings_checks(settings), *_with_database(settings)]
    findings.sort(key=lambda finding: -SEVERITIES.index(finding.severity))
    if as_json:
        emit_json([finding.row() for finding in findings])
    else:
        for finding in findings:
            console().print(f"{MARKS[finding.severity]} {escape(finding.check)}: {escape(finding.found)}")
            if finding.fix:
                console().print(f"     [dim]→ {escape(finding.fix)}[/dim]")
    if worst(findings) == "fail":
        context.exit(1)


def _with_database(settings: Settings) -> list[DoctorFinding]:
    """Checks that need the server; if it is down, that is the finding."""
    try:
        with server(settings) as conninfo:
            with closing(connect(conninfo, application_name="tenure-cli")) as conn:
                if problem := restore_marker.unfinished(conn):
                    return [DoctorFinding("fail", "restore", problem, "tenure restore FILE")]
            findings = [session_check(conninfo, embedded=settings.database_url is None)]
            findings += migration_checks(conninfo)
            opened = connect(conninfo, application_name="tenure-cli", statement_timeout_s=60, autocommit=True)
            with closing(opened) as conn:
                findings += server_checks(conn)
                findings.append(added_index_check(conn))
                if all(
                    finding.severity == "ok"
                    for finding in findings
                    if finding.check in ("migrations", "schema")
                ):
                    findings += leftover_checks(conn, settings)
                    findings += guard_checks(conn) + service_checks(conn, settings)
                    findings += replica_checks(conn, settings)
    except Exception as problem:  # any failure to connect is itself the finding
        if debugging():
            show_where(problem)
        text = one_line(problem).removeprefix("tenure: ")
        return [DoctorFinding("fail", "database", text, "tenure config check")]
    return findings
