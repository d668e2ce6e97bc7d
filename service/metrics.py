"""What /metrics shows beside HTTP: the doors' answers, and how the log and the tables stand.

Several workers answer on one address. In `tenure serve` they share their counts through files, so a
scrape sees all of them whichever worker it meets; under another server each counts for itself.
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
from events.statements import statement
from queries.lag import projection_lag, refolds_waiting
from queries.rows import AnyConnection, fetch_one
from webhooks.delivery import Delivery, Observe

TIMEOUT_S = 2.0
MOST_TYPES = 100
BUCKETS_S = (0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 5.0)

_log = structlog.get_logger("tenure.database")


def registry(counts: Path | None) -> CollectorRegistry:
    """What one app counts, or with a directory what all workers that use it count."""
    return CollectorRegistry() if counts is None else SharedRegistry(counts)


class SharedRegistry(CollectorRegistry):
    """Reads all workers' files; its own metrics write there and are not listed a second time."""

    def __init__(self, counts: Path) -> None:
        super().__init__(support_collectors_without_names=True)
        everybody = MultiProcessCollector(None, path=str(counts))  # type: ignore[no-untyped-call]
        super().register(everybody)

    def register(self, collector: Collector) -> None:
        if not isinstance(collector, MetricWrapperBase):
            super().register(collector)


def observe_doors(kept: CollectorRegistry) -> Observe:
    """The observer that counts deliveries by outcome, type and reason, and times them."""
    doors = _Doors(kept)
    return doors.observe


def observe_groups(kept: CollectorRegistry) -> Callable[[int, bool], None]:
    """The observer that counts the transactions which deliveries share, and those deliveries."""
    groups = Counter(
        "tenure_webhook_groups",
        "Transactions of deliveries that waited at the same time, one or more: kept, or given up.",
        ("outcome",),
        registry=kept,
    )

    grouped = Counter(
        "tenure_webhooks_grouped",
        "Deliveries appended in such transactions; the others went alone.",
        registry=kept,
    )
    for outcome in ("kept", "given_up"):
        groups.labels(outcome)

    def observe(deliveries: int, found: bool) -> None:
        groups.labels("kept" if found else "given_up").inc()
        if found:
            grouped.inc(deliveries)

    return observe


class _Doors:
    def __init__(self, kept: CollectorRegistry) -> None:
        self._types = Bounded(MOST_TYPES)
        self._deliveries = Counter(
            "tenure_webhooks", "Deliveries by how they ended.", ("source", "outcome"), registry=kept
        )
        self._appends = Counter(
            "tenure_appends",
            "Verified deliveries by what the log said.",
            ("source", "type", "outcome"),
            registry=kept,
        )
        self._refusals = Counter(
            "tenure_refusals",
            "Deliveries nobody signed, by what gave them away.",
            ("source", "reason"),
            registry=kept,
        )
        self._append_seconds = Histogram(
            "tenure_append_seconds",
            "From a verified delivery to the log's answer, waiting for a connection included.",
            ("source",),
            registry=kept,
            buckets=BUCKETS_S,
        )
        self._seconds = Histogram(
            "tenure_webhook_seconds",
            "From a delivery that is there to its last byte to its answer.",
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
    """The first names keep theirs, all later ones are one: whoever may sign must not fill a disk."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._known: set[str] = set()

    def name(self, wanted: str) -> str:
        if wanted not in self._known:
            if len(self._known) >= self._most:
                return "(other)"
            self._known.add(wanted)
        return wanted


Ask = Callable[[AnyConnection, datetime], Iterable[Metric]]


class AskedAtEachScrape(Collector):
    """What only the database knows, over one connection: when it is away, a scrape waits for it once."""

    def __init__(self, pool: Pool, clock: Clock, asks: Sequence[Ask]) -> None:
        self._pool = pool
        self._clock = clock
        self._asks = asks

    def collect(self) -> Iterable[Metric]:
        found = self._found()
        up = GaugeMetricFamily(
            "tenure_database_up", "1 while the database answers.", float(found is not None)
        )
        return [up, *(found or ())]

    def _found(self) -> list[Metric] | None:
        """None when the database is away; one question that fails takes no other's answer."""
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
        _log.warning("no answer for metrics", error=type(error).__name__)
        return []


def standing(conn: AnyConnection, now: datetime) -> Iterable[Metric]:
    """How the log and the tables stand."""
    row = fetch_one(conn, statement("service", "standing"), {})
    assert row is not None  # a SELECT without FROM always answers one row
    lag = projection_lag(conn)
    refolds = refolds_waiting(conn)
    oldest = lag.oldest_recorded_at
    waited_s = 0.0 if oldest is None else (now - oldest).total_seconds()
    found = {f"tenure_{name}": float(value) for name, value in row.items()} | {
        "tenure_projection_lag_events": float(lag.events),
        "tenure_projection_lag_seconds": max(0.0, waited_s),
        "tenure_projection_stalled_seconds": lag.stalled_s,
        "tenure_refolds_waiting_users": float(refolds.users),
        "tenure_refolds_waiting_seconds": refolds.oldest_s,
    }
    return [GaugeMetricFamily(name, _MEANING[name], value) for name, value in found.items()]


_MEANING = {
    "tenure_log_events": "Events in the log.",
    "tenure_quarantined_users": "Users whose history stops at an event that can't be folded.",
    "tenure_event_conflicts": "Second bodies that came under a key that was taken.",
    "tenure_unreadable_deliveries": "Signed bodies that are no JSON object.",
    "tenure_jobs_waiting": "Background jobs that wait for their time or their next try.",
    "tenure_jobs_dead": "Background jobs with no try left: tenure jobs list --status dead.",
    "tenure_schedule_failing": "Scheduled handlers that failed, for all users or some: tenure schedule list.",
    "tenure_projection_lag_events": "Events that wait to be projected.",
    "tenure_projection_lag_seconds": "How long the first of them has waited.",
    "tenure_projection_stalled_seconds": "How long events wait while no checkpoint of theirs moves.",
    "tenure_refolds_waiting_users": "Users whose history waits to be folded again.",
    "tenure_refolds_waiting_seconds": "How long the first of them has waited.",
}
