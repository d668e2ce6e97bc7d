"""Leases of running jobs: every end of a job is fenced by the lease it was claimed under.

A worker holds an advisory lock for as long as its session lives. When it is killed, PostgreSQL releases
the lock with the session, so that its jobs are lost at once, without waiting for a timeout.
"""

import os
import secrets
import socket
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import structlog

from events.append import append_all, json_text
from events.statements import AnyConnection
from events.text import storable
from jobs.backoff import Chance, delay
from jobs.errors import LeaseLost, Postponed
from jobs.job import Job, JobResult, JobType, Json, Registry, Status
from jobs.queue import rows

LOCK_CLASS = 0x7E40_4A0B  # advisory locks of this service's job workers
ERROR_LIMIT = 2_000

logger = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Worker:
    """One session that runs jobs."""

    slot: int
    name: str


@dataclass(frozen=True, slots=True)
class Lease:
    """A claim on a job; void once another worker has claimed it."""

    job: Job
    token: UUID


def enlist(conn: AnyConnection) -> Worker:
    """Register this session as a worker: it holds its own advisory lock until it ends."""
    while True:
        slot = secrets.randbelow(2**31)
        if rows(conn, "take_slot", {"class": LOCK_CLASS, "slot": slot})[0]["taken"]:
            return Worker(slot, f"{socket.gethostname()}:{os.getpid()}")


def claim(conn: AnyConnection, worker: Worker, *, types: Registry, now: datetime) -> Lease | None:
    """Claim the most urgent due job; None when there is none. The caller commits."""
    token = uuid4()
    values = {
        "now": now,
        "token": token,
        "slot": worker.slot,
        "worker": worker.name,
        "types": list(types),
        "limits": json_text({kind.name: kind.limit_s for kind in types.values()}),
    }
    jobs = rows(conn, "claim_job", values)
    return Lease(Job(**jobs[0]), token) if jobs else None


def note(conn: AnyConnection, lease: Lease, result: Json | None, *, now: datetime) -> None:
    """Store a result before the job ends. Raises: LeaseLost."""
    kept = None if result is None else json_text(result)
    _fenced(conn, "note_result", lease, {"result": kept, "now": now})


def end(conn: AnyConnection, lease: Lease, done: JobResult, *, now: datetime) -> None:
    """End the job and append its events. The caller commits. Raises: LeaseLost."""
    _fenced(
        conn,
        "end_job",
        lease,
        {"status": done.status, "result": json_text(done.result), "now": now},
    )
    append_all(conn, done.events)


def postpone(conn: AnyConnection, lease: Lease, why: Postponed, *, now: datetime) -> None:
    """Postpone the job without using up an attempt. Raises: LeaseLost."""
    values = {
        "status": "pending",
        "retry_count": lease.job.retry_count,
        "scheduled_for": now + why.delay,
        "error": str(why)[:ERROR_LIMIT],
        "now": now,
    }
    _fenced(conn, "fail_job", lease, values)


def fail(
    conn: AnyConnection,
    lease: Lease,
    error: str,
    *,
    now: datetime,
    chance: Chance,
    types: Registry,
    hopeless: bool = False,
) -> Status:
    """The job's status after a failed attempt: `failed` while attempts are left, else `dead`.

    The caller commits. Raises: LeaseLost.
    """
    job = lease.job
    is_over = hopeless or job.retry_count >= job.max_retries
    status: Status = "dead" if is_over else "failed"
    wait = timedelta(0) if is_over else delay(job.retry_count + 1, chance=chance)
    values = {
        "status": status,
        "retry_count": job.retry_count if is_over else job.retry_count + 1,
        "scheduled_for": now + wait,
        "error": storable(error)[:ERROR_LIMIT],
        "now": now,
    }
    _fenced(conn, "fail_job", lease, values)
    kind = types.get(job.type)
    if is_over and kind is not None:
        _note_given_up(conn, kind, job, status, error, now)
    return status


def _note_given_up(
    conn: AnyConnection, kind: JobType, job: Job, status: Status, error: str, now: datetime
) -> None:
    """Append the events of the job's type. If that fails, the job still ends."""
    try:
        with conn.transaction():
            append_all(conn, kind.given_up(job, status, error, now))
    except Exception:
        if conn.broken:
            raise
        logger.exception("jobs.end_not_noted", job=str(job.id), type=job.type)


def lost(conn: AnyConnection) -> Sequence[tuple[Lease, str]]:
    """Running jobs whose worker is gone or too slow, each locked, with the cause."""
    jobs = rows(conn, "lost_jobs", {"class": LOCK_CLASS})
    return [(_lease_of(row), _what_happened(row)) for row in jobs]


def _lease_of(row: dict[str, Any]) -> Lease:  # Any: one type a column
    own = {name: row[name] for name in row if name not in ("lease_token", "leased_by", "is_overdue")}
    return Lease(Job(**own), row["lease_token"])


def _what_happened(row: Mapping[str, Any]) -> str:  # Any: one type a column
    started = row["started_at"].isoformat(timespec="seconds")
    if row["is_overdue"]:
        return f"worker {row['leased_by']} took longer than allowed (since {started})"
    return f"worker {row['leased_by']} died while running it (started {started})"


def _fenced(conn: AnyConnection, name: str, lease: Lease, values: Mapping[str, object]) -> None:
    if not rows(conn, name, {"id": lease.job.id, "token": lease.token, **values}):
        raise LeaseLost(lease.job.id)
