"""The completeness ledger on the command line and in /metrics."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from threading import Lock

import click
from prometheus_client.core import GaugeMetricFamily, Metric

from cli.output import console, emit_json, emit_table, json_option
from cli.wiring import command_settings, session
from events.clock import utc_now
from handlers.completeness import alarms
from queries.completeness import ledger, outages, reconciled
from queries.rows import AnyConnection, Row

FRESH_FOR = timedelta(seconds=60)
WINDOW = timedelta(hours=24)
COUNTED = ("received", "caught_up", "healed", "conflicts", "failures", "refusals")
_OUTAGE = ("source", "since", "until", "received", "caught_up")


@click.command("ledger")
@click.option("--hours", type=click.IntRange(1, 24 * 40), default=48, show_default=True)
@json_option
def ledger_command(*, hours: int, as_json: bool) -> None:
    """Per provider and hour: received, caught up later, conflicts, failures; outages and alarms."""
    settings = command_settings()
    now = utc_now()
    with session(settings) as conn:
        rows = ledger(conn, since=now - timedelta(hours=hours), until=now, live_only=settings.livemode)
        found = alarms(conn, now=now)
    lost = [outage.told() for outage in outages(rows)]
    if as_json:
        emit_json({"hours": rows, "outages": lost, "alarms": [alarm.told() for alarm in found]})
        return
    shown = [row | {"failed_ago": _age(row, now)} for row in rows]
    emit_table(shown, ("source", "hour", *COUNTED, "failed_ago"), empty="nothing came in that time")
    emit_table(lost, _OUTAGE, empty="no outage")
    for alarm in found:
        console().print(alarm.message, style="red" if alarm.level == "error" else "yellow", markup=False)


def _age(row: Row, now: datetime) -> str | None:
    last = row["last_failure_at"]
    return None if last is None else str(timedelta(seconds=int((now - last).total_seconds())))


class CompletenessMetrics:
    """The ledger of the last day and the alarms; asked of the database at most once a minute."""

    def __init__(self, *, live_only: bool) -> None:
        self._live_only = live_only
        self._lock = Lock()
        self._held: tuple[datetime, list[Metric]] | None = None

    def __call__(self, conn: AnyConnection, now: datetime) -> Iterable[Metric]:
        with self._lock:
            if self._held is None or not timedelta(0) <= now - self._held[0] < FRESH_FOR:
                self._held = (now, self._asked(conn, now))
            return self._held[1]

    def _asked(self, conn: AnyConnection, now: datetime) -> list[Metric]:
        rows = ledger(conn, since=now - WINDOW, until=now, live_only=self._live_only)
        found, ends = alarms(conn, now=now), reconciled(conn)
        day = GaugeMetricFamily(
            "tenure_completeness_day",
            "The last day's ledger, up to a minute old; each worker looks for itself.",
            labels=("source", "count"),
        )
        for source in sorted({row["source"] for row in rows}):
            for name in COUNTED:
                day.add_metric((source, name), sum(row[name] for row in rows if row["source"] == source))
        wrong = GaugeMetricFamily("tenure_alarm", "1 while it lasts.", labels=("source", "kind", "level"))
        for alarm in found:
            wrong.add_metric((alarm.source, alarm.kind, alarm.level), 1.0)
        ago = GaugeMetricFamily(
            "tenure_reconciled_seconds_ago", "Since a reconciliation was complete.", labels=("source",)
        )
        for source, row in ends.items():
            if row["finished_at"] is not None:
                ago.add_metric((source,), (now - row["finished_at"]).total_seconds())
        return [day, wrong, ago]
