"""Who leads: whoever holds one advisory lock, on a connection that is used for nothing else.

The lock is the session's, so it is free the moment its holder's connection is gone, however the
holder died. Needs a direct connection: behind a pooler that shares sessions anybody would hold it.
"""

import os
import socket
from collections.abc import Callable
from contextlib import suppress
from threading import Event, Lock

import psycopg
import structlog
from psycopg.rows import tuple_row

from events.statements import statement
from jobs.schedule.timetable import AnyConnection

LOCK_CLASS = 0x7E40_1EAD
CANDIDATE_S = 2.0
CANCEL_S = 1.0

log = structlog.get_logger("tenure.schedule")


class Term:
    """One time of leading. When it is over everything begun in it is cut off."""

    def __init__(self) -> None:
        self._over = Event()
        self._lock = Lock()
        self._running: set[AnyConnection] = set()

    def leads(self) -> bool:
        return not self._over.is_set()

    def begin(self, conn: AnyConnection) -> bool:
        """Whether work may begin on that connection."""
        with self._lock:
            if self.leads():
                self._running.add(conn)
        return self.leads()

    def end(self, conn: AnyConnection) -> None:
        with self._lock:
            self._running.discard(conn)

    def idle(self) -> bool:
        with self._lock:
            return not self._running

    def finish(self) -> None:
        """Nothing more is begun; what runs may end."""
        self._over.set()

    def cut(self) -> None:
        """What still runs loses its session: its transaction never was, and it begins no other."""
        self.finish()
        with self._lock:
            for conn in self._running:
                _hang_up(conn)


def _hang_up(conn: AnyConnection) -> None:
    """Break a connection another thread is using. Closing it would free memory under its feet.

    Cancelled first: a server in the middle of a statement looks at its client only afterwards.
    """
    with suppress(psycopg.Error):
        conn.cancel_safe(timeout=CANCEL_S)
    with suppress(OSError, psycopg.Error), socket.socket(fileno=os.dup(conn.fileno())) as line:
        line.shutdown(socket.SHUT_RDWR)


def campaign(connect: Callable[[], AnyConnection], stop: Event) -> AnyConnection | None:
    """The connection that leads, as soon as nobody else does; None when told to stop before."""
    while not stop.is_set():
        try:
            conn = connect()
        except psycopg.OperationalError as problem:
            log.warning("schedule.database_away", error=type(problem).__name__)
            stop.wait(CANDIDATE_S)
            continue
        try:
            while not stop.is_set():
                if _take(conn):
                    return conn
                stop.wait(CANDIDATE_S)
        except psycopg.OperationalError as problem:
            log.warning("schedule.database_away", error=type(problem).__name__)
            stop.wait(CANDIDATE_S)
        conn.close()
    return None


def still_holds(conn: AnyConnection) -> bool:
    """Whether the session, and with it the lock, is still there."""
    try:
        return _asked(conn, "holds_lead")
    except psycopg.Error:
        return False


def _take(conn: AnyConnection) -> bool:
    return _asked(conn, "take_lead")


def _asked(conn: AnyConnection, name: str) -> bool:
    with conn.cursor(row_factory=tuple_row) as cursor:
        row = cursor.execute(statement("jobs.schedule", name), {"class": LOCK_CLASS}).fetchone()
    return row is not None and bool(row[0])
