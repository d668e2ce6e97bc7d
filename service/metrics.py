"""Metrics beside those of HTTP: outcomes of webhook deliveries, and the state of log and tables.

Several workers answer on one address. In `tenure serve` they share their counts through files, so a
scrape of any worker sees all of them; under another server each worker counts for itself.
"""

from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from pathlib import Path

import psycopg
import structlog
from prometheus_client import CollectorRegistry, Counter, Histogram
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.metrics import MetricWrapperBase
from prometheus_client.multiprocess import MultiProcessCollector
from prometheus_client.registry import Collector

from database.pool import Connection, Pool
from events.clock import Clock
from events.statements import AnyConnection, statement
from queries.lag import projection_lag, refolds_waiting
from queries.rows import fetch_one
from webhooks.delivery import Delivery, Observe

TIMEOUT_S = 2.0
MAX_TYPES = 100
BUCKETS_S = (0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 5.0)

_log = structlog.get_logger("tenure.database")


def registry(counts: Path | None) -> CollectorRegistry:
    """A registry of one app, or with a directory of all workers that use it."""
    return CollectorRegistry() if counts is None else SharedRegistry(counts)


class SharedRegistry(CollectorRegistry):
    """Reads all workers' files; its own metrics write there and are not listed twice."""

    def __init__(self, counts: Path) -> None:
        super().__init__(support_collectors_without_names=True)
        all_workers = MultiProcessCollector(None, path=str(counts))  # type: ignore[no-untyped-call]
        super().register(all_workers)

    def register(self, collector: Collector) -> None:
        if not isinstance(collector, MetricWrapperBase):
            super().register(collector)


def observe_endpoints(kept: CollectorRegistry) -> Observe:
    """The observer that counts deliveries by outcome, type and reason, and times them."""
    endpoints = _EndpointMetrics(kept)
    return endpoints.observe


def observe_groups(kept: CollectorRegistry) -> Callable[[int, bool], None]:
    """The observer that counts batches of deliveries, and the deliveries appended in them."""
    groups = Counter(
        "tenure_webhook_groups",
        "Batches of waiting deliveries, by outcome: kept, or given_up when none could be appended in it.",
        ("outcome",),
        registry=kept,
    )

    grouped = Counter(
        "tenure_webhooks_grouped",
        "Deliveries appended in such batches; the others are appended one by one.",
        registry=kept,
    )
    for outcome in ("kept", "given_up"):
        groups.labels(outcome)

    def observe(deliveries: int, is_kept: bool) -> None:
        groups.labels("kept" if is_kept else "given_up").inc()
        if is_kept:
            grouped.inc(deliveries)

    return observe


class _EndpointMetrics:
    def __init__(self, kept: CollectorRegistry) -> None:
        self._types = Bounded(MAX_TYPES)
        self._deliveries = Counter(
            "tenure_webhooks", "Deliveries by outcome.", ("source", "outcome"), registry=kept
        )
        self._appends = Counter(
            "tenure_appends",
            "Verified deliveries by outcome of the append.",
            ("source", "type", "outcome"),
            registry=kept,
        )
        self._refusals = Counter(
            "tenure_refusals",
            "Deliveries rejected by signature verification, by reason.",
            ("source", "reason"),
            registry=kept,
        )
        self._append_seconds = Histogram(
            "tenure_append_seconds",
            "Time to append a verified delivery, including the wait for a connection.",
            ("source",),
            registry=kept,
            buckets=BUCKETS_S,
        )
        self._seconds = Histogram(
            "tenure_webhook_seconds",
            "Time from a delivery's last byte to its response.",
            ("source",),
            registry=kept,
            buckets=BUCKETS_S,
        )

    def observe(self, delivery: Delivery, took_s: float) -> None:
        source, outcome = delivery.source, delivery.outcome
        self._deliveries.labels(source, outcome).inc()
        self._seconds.labels(source).observe(took_s)
        if delivery.append_s is not None:
            name = self._types.name(delivery.event_type or "(none)")
            self._appends.labels(source, name, outcome).inc()
            self._append_seconds.labels(source).observe(delivery.append_s)
        elif outcome == "refused" and delivery.reason is not None:
            self._refusals.labels(source, delivery.reason).inc()


class Bounded:
    """Caps a label's values: further ones become (other), so that a signed sender can't fill the disk."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._known: set[str] = set()

    def name(self, value: str) -> str:
        if value not in self._known:
            if len(self._known) >= self._most:
                return "(other)"
            self._known.add(value)
        return value


Ask = Callable[[AnyConnection, datetime], Iterable[Metric]]


class DatabaseMetrics(Collector):
    """Metrics read from the database over one connection: if it is down, a scrape waits for it once."""

    def __init__(self, pool: Pool, clock: Clock, asks: Sequence[Ask]) -> None:
        self._pool = pool
        self._clock = clock
        self._asks = asks

    def collect(self) -> Iterable[Metric]:
        metrics = self._found()
        up = GaugeMetricFamily(
            "tenure_database_up", "1 if the database answers, else 0.", float(metrics is not None)
        )
        return [up, *(metrics or ())]

    def _found(self) -> list[Metric] | None:
        """None if the database is down; one failed query does not affect the others."""
        now = self._clock()
        try:
            with self._pool.connection(timeout=TIMEOUT_S) as conn:
                return [metric for ask in self._asks for metric in _answers(ask, conn, now)]
        except psycopg.Error:
            return None


def _answers(ask: Ask, conn: Connection, now: datetime) -> list[Metric]:
    try:
        with conn.transaction():
            return list(ask(conn, now))
    except psycopg.Error as error:
        if conn.closed:
            raise
        _log.warning("query for metrics failed", error=type(error).__name__)
        return []


def standing(conn: AnyConnection, now: datetime) -> Iterable[Metric]:
    """Metrics of the log and the tables."""
    row = fetch_one(conn, statement("service", "standing"), {})
    assert row is not None  # a SELECT without FROM always returns one row
    lag = projection_lag(conn)
    refolds = refolds_waiting(conn)
    oldest = lag.oldest_recorded_at
    waited_s = 0.0 if oldest is None else (now - oldest).total_seconds()
    values = {f"tenure_{name}": float(value) for name, value in row.items()} | {
        "tenure_projection_lag_events": float(lag.events),
        "tenure_projection_lag_seconds": max(0.0, waited_s),
        "tenure_projection_stalled_seconds": lag.stalled_s,
        "tenure_refolds_waiting_users": float(refolds.users),
        "tenure_refolds_waiting_seconds": refolds.oldest_s,
    }
    return [GaugeMetricFamily(name, _MEANING[name], value) for name, value in values.items()]


_MEANING = {
    "tenure_log_events": "Events in the log.",
    "tenure_quarantined_users": "Users whose history stops at an event that can't be folded.",
    "tenure_event_conflicts": "Events that arrived again with a different body.",
    "tenure_unreadable_deliveries": "Signed bodies that are not JSON objects.",
    "tenure_jobs_waiting": "Background jobs that wait for their time or their next attempt.",
    "tenure_jobs_dead": "Background jobs with no retry left: tenure jobs list --status dead.",
    "tenure_schedule_failing": "Scheduled handlers that failed, for all users or some: tenure schedule list.",
    "tenure_projection_lag_events": "Events that wait to be projected.",
    "tenure_projection_lag_seconds": "Age of the oldest of them in seconds.",
    "tenure_projection_stalled_seconds": "Seconds that events wait without progress of a checkpoint.",
    "tenure_refolds_waiting_users": "Users who wait for a refold.",
    "tenure_refolds_waiting_seconds": "Age of the oldest of them in seconds.",
}
