"""Leader election: the leader holds one advisory lock, on a connection that is used for nothing else.

The lock belongs to the session, so it is free as soon as the leader's connection is gone, however the
leader died. Needs a direct connection: a pooler that shares sessions would share the lock.
"""

import os
import socket
from collections.abc import Callable
from contextlib import suppress
from threading import Event, Lock

import psycopg
import structlog
from psycopg.rows import tuple_row

from events.statements import AnyConnection, statement

LOCK_CLASS = 0x7E40_1EAD
CANDIDATE_S = 2.0
CANCEL_S = 1.0

log = structlog.get_logger("tenure.schedule")


class Term:
    """One period of leadership. When it ends, everything started in it is cut off."""

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
        """Start no further run; running ones may finish."""
        self._over.set()

    def cut(self) -> None:
        """Break the sessions of what still runs: its transaction rolls back, and it starts no other."""
        self.finish()
        with self._lock:
            for conn in self._running:
                _hang_up(conn)


def _hang_up(conn: AnyConnection) -> None:
    """Break a connection that another thread is using. Closing it would free memory that thread uses.

    Cancel first: PostgreSQL checks for a lost client only after the running statement.
    """
    with suppress(psycopg.Error):
        conn.cancel_safe(timeout=CANCEL_S)
    with suppress(OSError, psycopg.Error), socket.socket(fileno=os.dup(conn.fileno())) as line:
        line.shutdown(socket.SHUT_RDWR)


def campaign(connect: Callable[[], AnyConnection], stop: Event) -> AnyConnection | None:
    """The connection that leads, as soon as no other process does; None when stopped before."""
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
        return _boolean(conn, "holds_lead")
    except psycopg.Error:
        return False


def _take(conn: AnyConnection) -> bool:
    return _boolean(conn, "take_lead")


def _boolean(conn: AnyConnection, name: str) -> bool:
    with conn.cursor(row_factory=tuple_row) as cursor:
        row = cursor.execute(statement("jobs.schedule", name), {"class": LOCK_CLASS}).fetchone()
    return row is not None and bool(row[0])
