"""The live projector: follows the heads of the log, batch by batch, until told to stop."""

from collections.abc import Callable
from threading import Event
from time import perf_counter

import psycopg
import structlog
from psycopg import errors

from projections.batch import Projector, Report
from projections.log import AnyConnection

logger = structlog.get_logger(__name__)

POLL_S = 0.05
# Batches after which a new plan reaches users of whom nothing new is told, however busy the log is.
REFRESH_AFTER = 20
RETRY_S = (0.1, 0.5, 1.0, 2.0, 5.0)
PASSING = (errors.DeadlockDetected, errors.SerializationFailure, errors.LockNotAvailable)


class Runner:
    """Projects on a connection of its own. Any number may run, in one process or many: parts are
    claimed for one batch at a time, and what a killed one had claimed is free at once."""

    def __init__(
        self,
        connect: Callable[[], AnyConnection],
        *,
        live_only: bool = False,
        parts: int = 16,
        batch_events: int = 2000,
        on_batch: Callable[[Report, float], None] | None = None,
    ) -> None:
        self._connect = connect
        self._projector = Projector(live_only=live_only)
        self._parts = parts
        self._limit = max(1, batch_events // parts)
        self._on_batch = on_batch
        self._since_refresh = 0

    def run(self, stop: Event) -> None:
        """Follow the log until `stop` is set; a lost database is waited for."""
        failures = 0
        while not stop.is_set():
            try:
                with self._connect() as conn:
                    failures = 0
                    while not stop.is_set():
                        if not self.step(conn):
                            stop.wait(POLL_S)
            except psycopg.OperationalError as problem:
                wait_s = RETRY_S[min(failures, len(RETRY_S) - 1)]
                failures += 1
                logger.warning("projector.database_away", error=type(problem).__name__, retry_in_s=wait_s)
                stop.wait(wait_s)

    def step(self, conn: AnyConnection) -> bool:
        """Project one batch in one transaction. Whether there was anything to do."""
        started = perf_counter()
        try:
            with conn.transaction():
                report = self._projector.project(conn, parts=self._parts, limit=self._limit)
            self._since_refresh += 1
            if report.events == 0 or self._since_refresh >= REFRESH_AFTER:
                self._since_refresh = 0
                with conn.transaction():
                    report.users += self._projector.refresh(conn, limit=self._limit).users
        except PASSING as problem:
            logger.info("projector.batch_again", error=type(problem).__name__)
            return True
        if self._on_batch is not None and (report.events or report.users):
            self._on_batch(report, perf_counter() - started)
        return bool(report.events or report.users)

    def drain(self) -> int:
        """Project everything there is now, then return how many batches that took."""
        batches = 0
        with self._connect() as conn:
            while self.step(conn):
                batches += 1
        return batches
