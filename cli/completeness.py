"""The completeness ledger on the command line."""

from datetime import datetime, timedelta

import click

from cli.output import console, emit_json, emit_table, json_option
from events.clock import utc_now
from events.statements import Row
from handlers.alarms import alarms
from queries.completeness import COUNTED, ledger, outages
from service.wiring import command_settings, session

_OUTAGE = ("source", "since", "until", "received", "caught_up")


@click.command("ledger")
@click.option("--hours", type=click.IntRange(1, 24 * 40), default=48, show_default=True)
@json_option
def ledger_command(*, hours: int, as_json: bool) -> None:
    """Count deliveries per provider and hour.

    Received, caught up later, conflicts, failures; then outages and alarms.
    """
    settings = command_settings()
    now = utc_now()
    with session(settings) as conn:
        rows = ledger(conn, since=now - timedelta(hours=hours), until=now)
        raised = alarms(conn, now=now)
    lost = [outage.as_json() for outage in outages(rows)]
    if as_json:
        emit_json({"hours": rows, "outages": lost, "alarms": [alarm.as_json() for alarm in raised]})
        return
    shown = [row | {"failed_ago": _age(row, now)} for row in rows]
    emit_table(shown, ("source", "hour", *COUNTED, "failed_ago"), empty="no deliveries in that time")
    emit_table(lost, _OUTAGE, empty="no outage")
    for alarm in raised:
        console().print(alarm.message, style="red" if alarm.level == "error" else "yellow", markup=False)


def _age(row: Row, now: datetime) -> str | None:
    last = row["last_failure_at"]
    return None if last is None else str(timedelta(seconds=int((now - last).total_seconds())))
