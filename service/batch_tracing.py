"""The last span of an event's trace: the projector has committed its batch."""

import time
from collections.abc import Callable

import psycopg
import structlog

from events import tracing
from events.statements import AnyConnection, statement
from projections.projector import BatchReport
from queries.rows import fetch_all

_log = structlog.get_logger("tenure.tracing")


class TracedBatches:
    """Observes each batch of a `Runner`; sends each span once and never raises."""

    def __init__(self, connect: Callable[[], AnyConnection]) -> None:
        self._connect = connect
        self._conn: AnyConnection | None = None

    def __call__(self, report: BatchReport, took_s: float) -> None:
        """Send one span, as long as the batch, for each of its events that has a trace."""
        if not report.ranges:
            return
        to_ns = time.time_ns()
        from_ns = to_ns - round(took_s * 1e9)
        for row in self._traced(report):
            parent = tracing.joined(row["traceparent"])
            span = tracing.tracer.start_span("project", context=parent, start_time=from_ns)
            span.set_attribute("tenure.event_id", row["id"])
            span.set_attribute("tenure.event_type", row["event_type"])
            span.set_attribute("tenure.batch_events", report.events)
            span.end(to_ns)

    def _traced(self, report: BatchReport) -> list[dict[str, str]]:
        parts = sorted(report.ranges)
        after, upto = zip(*(report.ranges[part] for part in parts), strict=True)
        values = {"parts": parts, "after": list(after), "upto": list(upto)}
        try:
            if self._conn is None or self._conn.closed:
                self._conn = self._connect()
            return fetch_all(self._conn, statement("service", "traced_events"), values)
        except psycopg.Error as problem:  # losing spans must not stop the projector
            _log.info("spans lost", error=type(problem).__name__)
            if self._conn is not None:
                self._conn.close()
            return []
