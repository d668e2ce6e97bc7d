"""The completeness ledger of the last day in /metrics."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from threading import Lock

from prometheus_client.core import GaugeMetricFamily, Metric

from events.statements import AnyConnection
from handlers.alarms import alarms
from queries.completeness import COUNTED, ledger, reconciled

FRESH_FOR = timedelta(seconds=60)
WINDOW = timedelta(hours=24)


class CompletenessMetrics:
    """The ledger of the last day and the alarms; read from the database at most once per minute."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._held: tuple[datetime, list[Metric]] | None = None

    def __call__(self, conn: AnyConnection, now: datetime) -> Iterable[Metric]:
        with self._lock:
            if self._held is None or not timedelta(0) <= now - self._held[0] < FRESH_FOR:
                self._held = (now, self._asked(conn, now))
            return self._held[1]

    def _asked(self, conn: AnyConnection, now: datetime) -> list[Metric]:
        rows = ledger(conn, since=now - WINDOW, until=now)
        active, ends = alarms(conn, now=now), reconciled(conn)
        day = GaugeMetricFamily(
            "tenure_completeness_day",
            "Deliveries of the last day by provider and count, up to a minute old.",
            labels=("source", "count"),
        )
        for source in sorted({row["source"] for row in rows}):
            for name in COUNTED:
                day.add_metric((source, name), sum(row[name] for row in rows if row["source"] == source))
        wrong = GaugeMetricFamily(
            "tenure_alarm", "1 while the alarm is active.", labels=("source", "kind", "level")
        )
        for alarm in active:
            wrong.add_metric((alarm.source, alarm.kind, alarm.level), 1.0)
        ago = GaugeMetricFamily(
            "tenure_reconciled_seconds_ago",
            "Seconds since the last complete reconciliation.",
            labels=("source",),
        )
        for source, row in ends.items():
            if row["finished_at"] is not None:
                ago.add_metric((source,), (now - row["finished_at"]).total_seconds())
        return [day, wrong, ago]
