"""One run of a scheduled handler: only when due, in one process at a time, recorded."""

import os
import socket
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from time import perf_counter
from typing import Any, Literal
from zlib import crc32

import psycopg
import structlog
from psycopg.rows import dict_row

from events.append import json_text
from events.statements import AnyConnection, statement
from events.text import storable
from jobs.schedule.errors import LeadershipLost
from jobs.schedule.timetable import Scheduled, due_at

LOCK_CLASS = 0x7E40_5C4D  # advisory locks of runs: one per handler
ERROR_LIMIT = 2_000

log = structlog.get_logger("tenure.schedule")


@dataclass(frozen=True, slots=True, kw_only=True)
class RunRow:
    """The recorded runs of a handler; `failures` counts consecutive failures."""

    name: str
    last_due_at: datetime | None
    last_started_at: datetime | None
    last_finished_at: datetime | None
    last_failed_at: datetime | None
    failures: int
    runs: int
    error: str | None
    result: dict[str, Any] | None  # Any: JSON values
    ran_by: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class RunResult:
    """The outcome. `busy`: another process runs it; `early`: it ran for this due time already."""

    outcome: Literal["ok", "failed", "busy", "early"]
    failures: int = 0
    result: Mapping[str, Any] | None = None  # Any: JSON values
    error: str | None = None
    seconds: float = 0.0
    ahead: bool = False


def run_due(
    conn: AnyConnection,
    handler: Scheduled,
    *,
    now: datetime,
    anyway: bool = False,
    leads: Callable[[], bool] = lambda: True,
) -> RunResult:
    """Run the handler if it has not run since it was last due; `anyway` if it has.

    However many due times passed since the last run, that is one run. A handler that raises is
    recorded, with the outcome `failed`. `conn` is in autocommit.
    Raises: LeadershipLost.
    """
    if not _one(conn, "take_run", _lock(handler))["taken"]:
        return RunResult(outcome="busy")
    try:
        due = due_at(handler.every, now)
        row = _one(conn, "meet_run", {"name": handler.name, "due": due, "every": handler.every})
        if row["last_due_at"] >= due and not anyway:
            return RunResult(outcome="early", failures=row["failures"], ahead=row["is_ahead"])
        return _run(conn, handler, due=due, now=now, leads=leads)
    finally:
        with suppress(psycopg.Error):
            _one(conn, "leave_run", _lock(handler))


def run_now(conn: AnyConnection, handler: Scheduled, *, now: datetime) -> RunResult:
    """Run the handler at an operator's request; counts as the run of its last due time."""
    return run_due(conn, handler, now=now, anyway=True)


def runs_so_far(conn: AnyConnection) -> dict[str, RunRow]:
    """The recorded runs by handler."""
    with conn.cursor(row_factory=dict_row) as cursor:
        rows = cursor.execute(statement("jobs.schedule", "list_runs")).fetchall()
    return {row["name"]: RunRow(**row) for row in rows}


def me() -> str:
    """Host name and id of this process."""
    return f"{socket.gethostname()}:{os.getpid()}"


def _run(
    conn: AnyConnection,
    handler: Scheduled,
    *,
    due: datetime,
    now: datetime,
    leads: Callable[[], bool],
) -> RunResult:
    if not leads():
        raise LeadershipLost(handler.name)
    _one(conn, "begin_run", {"name": handler.name, "now": now, "ran_by": me()})
    started = perf_counter()
    try:
        result = handler.run(conn, now)
    except Exception as problem:  # a handler may raise anything, and must not stop the others
        if not leads() or conn.closed:
            raise LeadershipLost(handler.name) from problem
        return _failed(conn, handler, problem, now=now, seconds=perf_counter() - started)
    if not leads():
        raise LeadershipLost(handler.name)
    _one(conn, "end_run", {"name": handler.name, "due": due, "now": now, "result": json_text(result)})
    return RunResult(outcome="ok", result=result, seconds=perf_counter() - started)


def _failed(
    conn: AnyConnection, handler: Scheduled, problem: Exception, *, now: datetime, seconds: float
) -> RunResult:
    error = storable(f"{type(problem).__name__}: {problem}")[:ERROR_LIMIT]
    conn.rollback()
    row = _one(conn, "fail_run", {"name": handler.name, "now": now, "error": error})
    log.error("schedule.failed", handler=handler.name, failures=row["failures"], exc_info=problem)
    return RunResult(outcome="failed", failures=row["failures"], error=error, seconds=seconds)


def _lock(handler: Scheduled) -> dict[str, int]:
    return {"class": LOCK_CLASS, "slot": crc32(handler.name.encode()) & 0x7FFF_FFFF}


def _one(conn: AnyConnection, name: str, values: Mapping[str, object]) -> dict[str, Any]:
    # Any: one type a column
    with conn.cursor(row_factory=dict_row) as cursor:
        row = cursor.execute(statement("jobs.schedule", name), values).fetchone()
    assert row is not None  # each of these statements returns one row
    return row
