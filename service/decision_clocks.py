"""Clocks for decisions, each over its process's own connection."""

from collections.abc import Callable
from datetime import datetime
from threading import Event, Thread

import psycopg
import structlog
from psycopg.rows import tuple_row

from database.pool import Connection, Pool
from events.decision_clock import READ_EVERY_S, ClocksDiffer, DecisionClock
from events.statements import statement

TIMEOUT_S = 2.0

_log = structlog.get_logger("tenure.clock")


def decision_now(conn: Connection) -> datetime:
    """The present instant for one command's decision. Raises: ClocksDiffer."""
    return DecisionClock(lambda: _read(conn))()


def pool_clock(pool: Pool) -> DecisionClock:
    """The clock of a process that has a pool."""

    def read() -> datetime:
        with pool.connection(timeout=TIMEOUT_S) as conn:
            return _read(conn)

    return DecisionClock(read)


def compare_regularly(clock: DecisionClock, stop: Event) -> None:
    """Compare the clocks now and every half minute in a thread; log when they differ or agree again."""
    Thread(target=_compare_until, args=(clock, stop), name="clock", daemon=True).start()


def clock_check(clock: DecisionClock) -> Callable[[], str | None]:
    """Check for /readyz: the cause if this host makes no decisions."""

    def check() -> str | None:
        try:
            clock()
        except ClocksDiffer as problem:
            return str(problem)
        return None

    return check


def _compare_until(clock: DecisionClock, stop: Event) -> None:
    differed = False
    while True:
        try:
            clock.compare()
            clock()
            if differed:
                _log.warning("the clocks agree again")
            differed = False
        except ClocksDiffer as problem:
            if not differed:
                _log.error("this host makes no decisions", error=str(problem))
            differed = True
        except psycopg.Error:
            pass  # the database is down; the last reading stands
        if stop.wait(READ_EVERY_S):
            return


def _read(conn: Connection) -> datetime:
    with conn.cursor(row_factory=tuple_row) as cursor:
        row = cursor.execute(statement("events", "database_clock")).fetchone()
    assert row is not None  # a SELECT without FROM always returns one row
    at: datetime = row[0]
    return at
