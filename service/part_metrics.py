"""Metrics per part, per handler and of the seals, read at each scrape."""

from collections.abc import Iterable
from datetime import datetime

from prometheus_client.core import GaugeMetricFamily, Metric

from events.statements import AnyConnection, statement
from queries.rows import fetch_all, fetch_one


def part_metrics(conn: AnyConnection, now: datetime) -> Iterable[Metric]:
    """Series of 64 parts, a dozen handlers and one checkpoint: their number is fixed."""
    return [*_parts(conn, now), *_handlers(conn, now), *_seals(conn, now)]


def _parts(conn: AnyConnection, now: datetime) -> list[Metric]:
    events = GaugeMetricFamily(
        "tenure_part_lag_events", "Events of the part that wait to be projected.", labels=("part",)
    )
    seconds = GaugeMetricFamily(
        "tenure_part_lag_seconds", "Age of the oldest of them in seconds.", labels=("part",)
    )
    for row in fetch_all(conn, statement("service", "part_standing"), {}):
        events.add_metric((str(row["part"]),), float(row["waiting"]))
        seconds.add_metric((str(row["part"]),), _age_s(row["oldest_recorded_at"], now))
    return [events, seconds]


def _handlers(conn: AnyConnection, now: datetime) -> list[Metric]:
    failures = GaugeMetricFamily(
        "tenure_schedule_failures", "Consecutive failed runs of the handler.", labels=("handler",)
    )
    ago = GaugeMetricFamily(
        "tenure_schedule_finished_seconds_ago",
        "Seconds since the handler's last run ended.",
        labels=("handler",),
    )
    for row in fetch_all(conn, statement("service", "clockwork_standing"), {}):
        failures.add_metric((row["name"],), float(row["failures"]))
        if row["last_finished_at"] is not None:
            ago.add_metric((row["name"],), _age_s(row["last_finished_at"], now))
    return [failures, ago]


def _seals(conn: AnyConnection, now: datetime) -> list[Metric]:
    row = fetch_one(conn, statement("service", "checkpoint_standing"), {})
    if row is None:
        return []
    age_s = _age_s(row["signed_at"], now)
    return [
        GaugeMetricFamily(
            "tenure_checkpoint_number", "Number of the newest signed checkpoint.", float(row["number"])
        ),
        GaugeMetricFamily(
            "tenure_checkpoint_age_seconds", "Seconds since the newest checkpoint was signed.", age_s
        ),
        GaugeMetricFamily(
            "tenure_checkpoint_unsealed_events",
            "Events that are not in the newest checkpoint.",
            float(row["unsealed"]),
        ),
    ]


def _age_s(at: datetime | None, now: datetime) -> float:
    return 0.0 if at is None else max(0.0, (now - at).total_seconds())
