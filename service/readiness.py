"""Checks of /readyz: waiting events, version of the tables, schema, disk."""

import time
from collections.abc import Callable
from datetime import timedelta

import psycopg

from api.deps import Check
from api.health import lag_check
from database import migrations
from database.pool import Pool
from events.clock import utc_now
from events.statements import statement
from projections.code_version import projector_version
from queries.pluralize import counted
from queries.rows import fetch_all
from webhooks import Delivery

MAX_LAG = timedelta(minutes=1)
TIMEOUT_S = 2.0
FRESH_S = 15.0  # of an append that failed
ROOM_FRESH_S = 15.0  # of room that the disk had


def readiness(pool: Pool, *, monotonic: Callable[[], float] = time.monotonic) -> dict[str, Check]:
    """The checks by name; each returns None, or the cause of a problem."""
    return {
        "projector": lag_check(pool, utc_now, most=MAX_LAG),
        "tables": _built_by_us(pool),
        "schema": _as_new_as_us(pool),
        "disk": _has_room(pool, monotonic),
    }


class AppendOutcomes:
    """Whether deliveries can be appended, by the last one that this process answered.

    An old outcome is ignored: a service that is not ready may get no deliveries that could succeed.
    """

    def __init__(self, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._monotonic = monotonic
        self._refused: tuple[float, str] | None = None

    def observe(self, delivery: Delivery, _seconds: float) -> None:
        if delivery.outcome == "unavailable":
            self._refused = (self._monotonic(), delivery.reason or "no reason given")
        elif delivery.append_s is not None:
            self._refused = None

    def check(self) -> str | None:
        refused = self._refused
        if refused is None or self._monotonic() - refused[0] > FRESH_S:
            return None
        return f"the last webhook was answered 503: the database did not append it ({refused[1]})"


def _has_room(pool: Pool, monotonic: Callable[[], float]) -> Check:
    """Ready while the database's disk has room for two more megabytes.

    They are written at most every 15 s: load balancers may check every second, and a failed append
    is noticed anyway. A full disk is checked again by each call.
    """
    had_room_at: float | None = None

    def check() -> str | None:
        nonlocal had_room_at
        if had_room_at is not None and monotonic() - had_room_at < ROOM_FRESH_S:
            return None
        had_room_at = None
        with pool.connection(timeout=TIMEOUT_S) as conn:
            try:
                conn.execute("SELECT set_config('work_mem', '64kB', true)")
                conn.execute(statement("service", "spill_a_little"))
            except psycopg.errors.DiskFull:
                return "the database's disk is full: webhooks and decisions get a 503 until it has room"
            finally:
                conn.rollback()
        had_room_at = monotonic()
        return None

    return check


def _as_new_as_us(pool: Pool) -> Check:
    """Ready if the schema has every migration of this installation; newer ones do not matter."""
    expected = migrations.names()

    def check() -> str | None:
        try:
            with pool.connection(timeout=TIMEOUT_S) as conn:
                applied = {row["name"] for row in fetch_all(conn, statement("service", "applied_names"), {})}
        except psycopg.errors.InsufficientPrivilege:
            return None  # migrated by a release that did not grant the read
        waiting = len(expected - applied)
        if not waiting:
            return None
        return f"{counted(waiting, 'migration waits', 'migrations wait')}; run tenure migrate up"

    return check


def _built_by_us(pool: Pool) -> Check:
    """Ready if the tables were built by the projector of this installation."""

    def check() -> str | None:
        with pool.connection(timeout=TIMEOUT_S) as conn:
            others = fetch_all(conn, statement("service", "other_versions"), {"version": projector_version()})
        if not others:
            return None
        return "the tables were built by another version of the projector; run tenure replay"

    return check
