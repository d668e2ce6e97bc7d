"""The live projector: follows the heads of the log, batch by batch, until it is stopped."""

from collections.abc import Callable, Collection
from threading import Event
from time import monotonic, perf_counter

import psycopg
import structlog
from psycopg import errors

from events.routing import PARTS
from events.statements import AnyConnection
from projections.garbage import collector_paused
from projections.pace import SlicePace
from projections.projector import BatchReport, Projector
from projections.refusal import is_refusal

logger = structlog.get_logger(__name__)

POLL_S = 0.05
AVOID_S = 5.0  # how long a part is skipped whose next event is refused without a user at fault
# How many batches may pass before users without new events get rows under the new catalog.
REFRESH_AFTER = 20
RETRY_S = (0.1, 0.5, 1.0, 2.0, 5.0)
PASSING = (errors.DeadlockDetected, errors.SerializationFailure, errors.LockNotAvailable)


class Runner:
    """Projects on its own connection. Any number may run, in one process or many: a runner claims parts for
    one batch at a time, and the parts of a killed runner are free at once."""

    def __init__(
        self,
        connect: Callable[[], AnyConnection],
        *,
        parts: int = 16,
        batch_events: int = 2000,
        on_batch: Callable[[BatchReport, float], None] | None = None,
        clock: Callable[[], float] = perf_counter,
    ) -> None:
        self._connect = connect
        self._projector = Projector()
        self._parts = parts
        self._limit = max(1, batch_events // parts)
        self._on_batch = on_batch
        self._clock = clock
        self._pace = SlicePace()
        self._since_refresh = 0
        self._avoided: dict[int, float] = {}

    def run(self, stop: Event) -> None:
        """Follow the log until `stop` is set; while the database is down, retry."""
        failures = 0
        while not stop.is_set():
            try:
                with self._connect() as conn:
                    failures = 0
                    while not stop.is_set():
                        if not self.step(conn):
                            stop.wait(POLL_S)
            except psycopg.Error as problem:
                wait_s = RETRY_S[min(failures, len(RETRY_S) - 1)]
                failures += 1
                is_down = isinstance(problem, psycopg.OperationalError)
                event = "projector.database_away" if is_down else "projector.batch_failed"
                logger.warning(event, error=type(problem).__name__, retry_in_s=wait_s)
                stop.wait(wait_s)

    def step(self, conn: AnyConnection) -> bool:
        """Project one batch in one transaction; returns whether there was anything to do."""
        started = self._clock()
        self._projector.most_again = self._pace.events
        try:
            report = self._project(conn, parts=self._parts, limit=self._limit, avoided=self._parts_avoided())
            report.users += self._refold_pending(conn)
            self._since_refresh += 1
            if report.events == 0 or self._since_refresh >= REFRESH_AFTER:
                self._since_refresh = 0
                with conn.transaction():
                    report.users += self._projector.refresh(conn, limit=self._limit).users
        except PASSING as problem:
            logger.info("projector.batch_again", error=type(problem).__name__)
            return True
        except Exception as problem:
            if not is_refusal(problem):
                raise
            self._narrow(conn)
            return True
        if self._on_batch is not None and (report.events or report.users):
            self._on_batch(report, self._clock() - started)
        return bool(report.events or report.users)

    def _project(
        self, conn: AnyConnection, *, parts: int, limit: int, avoided: Collection[int]
    ) -> BatchReport:
        with collector_paused(), conn.transaction():
            return self._projector.project(conn, parts=parts, limit=limit, avoided=avoided)

    def _refold_pending(self, conn: AnyConnection) -> int:
        """Refold one slice, as large as other users may wait for; returns how many users had one."""
        started = self._clock()
        with collector_paused(), conn.transaction():
            users = self._projector.refold_pending(conn).users
        if users:
            self._pace.took(self._clock() - started)
        return users

    def _narrow(self, conn: AnyConnection) -> None:
        """Project each part of the refused batch by itself, and a refused part event by event."""
        for part in self._projector.claimed:
            if not self._advance(conn, part, self._limit):
                while self._advance(conn, part, 1):
                    pass

    def _advance(self, conn: AnyConnection, part: int, limit: int) -> bool:
        """True if events of this part were projected. A refused part is skipped for a while."""
        others = set(range(PARTS)) - {part}
        try:
            return bool(self._project(conn, parts=1, limit=limit, avoided=others).events)
        except Exception as problem:
            if not is_refusal(problem):
                raise
            if limit == 1:
                self._avoided[part] = monotonic() + AVOID_S
                logger.error("projector.part_refused", part=part, error=type(problem).__name__)
            return False

    def _parts_avoided(self) -> list[int]:
        now = monotonic()
        self._avoided = {part: until for part, until in self._avoided.items() if until > now}
        return list(self._avoided)

    def drain(self) -> int:
        """Project all events in the log; returns the number of batches."""
        batches = 0
        with self._connect() as conn:
            while self.step(conn):
                batches += 1
        return batches
