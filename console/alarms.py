"""Alarms, cached for a minute: the first page must not read two weeks of gaps each time."""

from datetime import datetime, timedelta
from threading import Lock

from events.statements import AnyConnection
from handlers.alarms import Alarm, alarms

FRESH_FOR = timedelta(minutes=1)


class Alarms:
    """The alarms of `tenure status`, at most a minute old."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._held: tuple[datetime, list[Alarm]] | None = None

    def recent(self, conn: AnyConnection, *, now: datetime) -> list[Alarm]:
        """Errors first."""
        with self._lock:
            if self._held is None or not timedelta(0) <= now - self._held[0] < FRESH_FOR:
                self._held = (now, alarms(conn, now=now))
            return self._held[1]
