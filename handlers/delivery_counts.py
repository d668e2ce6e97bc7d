"""Outcomes of deliveries, counted in memory and added to the tables every few seconds."""

from collections import Counter
from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import datetime, timedelta
from threading import Event, Lock, Thread
from typing import Any
from uuid import UUID

import psycopg
import structlog
from psycopg import Connection
from psycopg_pool import PoolClosed

from events.clock import Clock
from events.statements import statement

FLUSH_S = 2.0
KEPT = timedelta(days=40)
MAX_REPEATS = 10_000
REPEAT = "duplicate"

Connect = Callable[[], AbstractContextManager[Connection[Any]]]  # Any: whatever row factory

_log = structlog.get_logger("tenure.deliveries")


class DeliveryCounts:
    """Counts in memory. `flush` adds them to the tables; `start` does so periodically.

    Counts that can't be written yet stay in bounded memory: a count must never delay a delivery.
    """

    def __init__(self, connect: Connect, clock: Clock) -> None:
        self._connect = connect
        self._clock = clock
        self._lock = Lock()
        self._counts: Counter[tuple[datetime, str, str]] = Counter()
        self._repeats: dict[UUID, tuple[int, datetime]] = {}
        self._forgotten_at: datetime | None = None
        self._stop = Event()

    def note(self, source: str, outcome: str, event_id: UUID | None) -> None:
        """Count one delivery."""
        now = self._clock()
        with self._lock:
            self._counts[now.replace(second=0, microsecond=0), source, outcome] += 1
            is_counted = event_id is not None and event_id in self._repeats
            if (
                outcome == REPEAT
                and event_id is not None
                and (is_counted or len(self._repeats) < MAX_REPEATS)
            ):
                times, _ = self._repeats.get(event_id, (0, now))
                self._repeats[event_id] = (times + 1, now)

    def flush(self) -> None:
        """Add what was counted since the last time. Raises: psycopg.Error, and then nothing is lost."""
        with self._lock:
            counts, self._counts = self._counts, Counter()
            repeats, self._repeats = self._repeats, {}
        try:
            self._write(counts, repeats)
        except BaseException:
            self._take_back(counts, repeats)
            raise

    def start(self) -> Thread:
        """Flush every few seconds in a thread, which ends with the process or when the pool is closed."""
        thread = Thread(target=self._run, name="delivery-counts", daemon=True)
        thread.start()
        return thread

    def stop(self) -> None:
        """Flush for the last time, when the process ends; what can't be written then is lost."""
        self._stop.set()
        try:
            self.flush()
        except psycopg.Error as error:
            _log.warning("delivery counts lost", error=type(error).__name__)

    def _run(self) -> None:
        while not self._stop.wait(FLUSH_S):
            try:
                self.flush()
            except PoolClosed:
                return
            except psycopg.Error as error:
                _log.warning("delivery counts wait", error=type(error).__name__)

    def _write(
        self, counts: Counter[tuple[datetime, str, str]], repeats: dict[UUID, tuple[int, datetime]]
    ) -> None:
        if not counts and not repeats:
            return
        minutes, sources, outcomes = zip(*counts, strict=True) if counts else ((), (), ())
        columns = {"minutes": list(minutes), "sources": list(sources), "outcomes": list(outcomes)}
        again = {
            "ids": list(repeats),
            "times": [times for times, _ in repeats.values()],
            "last": [last_at for _, last_at in repeats.values()],
        }
        with self._connect() as conn:
            conn.execute(
                statement("handlers", "add_delivery_counts"), columns | {"counts": list(counts.values())}
            )
            if repeats:
                conn.execute(statement("handlers", "add_repeated_deliveries"), again)
            self._forget(conn)
            conn.commit()

    def _forget(self, conn: Connection[Any]) -> None:
        now = self._clock()
        if self._forgotten_at is None or now - self._forgotten_at > timedelta(hours=1):
            conn.execute(statement("handlers", "forget_delivery_counts"), {"before": now - KEPT})
            self._forgotten_at = now

    def _take_back(
        self, counts: Counter[tuple[datetime, str, str]], repeats: dict[UUID, tuple[int, datetime]]
    ) -> None:
        with self._lock:
            self._counts.update(counts)
            for event_id, (times, last_at) in repeats.items():
                more, later = self._repeats.get(event_id, (0, last_at))
                self._repeats[event_id] = (times + more, max(last_at, later))
