"""The queue as producers and operators see it: enqueue, list, retry, cancel."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

from psycopg.rows import dict_row

from events.append import append_all, json_text
from events.identifiers import uuid7
from events.statements import AnyConnection, statement
from jobs.errors import JobNotMovable, JobUnknown
from jobs.job import Job, Json, Registry

MAX_RETRIES = 5
LIST_LIMIT = 1_000


class Enqueued(NamedTuple):
    """`is_new` is false when a job with that dedupe key already existed: then `id` is that job's."""

    id: UUID
    is_new: bool


def enqueue(
    conn: AnyConnection,
    type_: str,
    payload: Json,
    *,
    now: datetime,
    scheduled_for: datetime | None = None,
    priority: int = 0,
    max_retries: int = MAX_RETRIES,
    dedupe_key: str | None = None,
) -> Enqueued:
    """Add a job in the caller's transaction: it exists if and only if that transaction commits."""
    values = {
        "id": uuid7(),
        "type": type_,
        "payload": json_text(payload),
        "priority": priority,
        "max_retries": max_retries,
        "scheduled_for": scheduled_for or now,
        "dedupe_key": dedupe_key,
        "now": now,
    }
    row = rows(conn, "enqueue", values)
    if row:
        return Enqueued(row[0]["id"], True)
    existing = rows(conn, "find_by_key", {"dedupe_key": dedupe_key})
    return Enqueued(existing[0]["id"], False)


def find(conn: AnyConnection, job_id: UUID) -> Job | None:
    jobs = rows(conn, "find_job", {"id": job_id})
    return Job(**jobs[0]) if jobs else None


def listed(
    conn: AnyConnection,
    *,
    statuses: Sequence[str] = (),
    type_: str | None = None,
    limit: int = 50,
) -> list[Job]:
    """The newest jobs; of all statuses when `statuses` is empty."""
    values = {"statuses": list(statuses), "type": type_, "limit": min(limit, LIST_LIMIT)}
    return [Job(**row) for row in rows(conn, "list_jobs", values)]


def retry(conn: AnyConnection, job_id: UUID, *, now: datetime, reason: str | None = None) -> Job:
    """Make the job due now, with all its attempts again.

    The reason is appended to its last error until the next attempt has ended.

    Raises: JobUnknown, JobNotMovable (completed, running or waiting already).
    """
    job = _locked(conn, job_id)
    if job.status not in ("failed", "dead", "cancelled"):
        raise JobNotMovable(job_id, action="retry", status=job.status, allowed="failed, dead or cancelled")
    return Job(**rows(conn, "retry_job", {"id": job_id, "now": now, "reason": reason})[0])


def cancel(conn: AnyConnection, job_id: UUID, *, now: datetime, reason: str, types: Registry) -> Job:
    """Cancel the job and append the events of its type for that.

    Raises: JobUnknown, JobNotMovable (running, or over already).
    """
    job = _locked(conn, job_id)
    if job.status not in ("pending", "failed", "dead"):
        raise JobNotMovable(job_id, action="cancel", status=job.status, allowed="pending, failed or dead")
    kind = types.get(job.type)
    if kind is not None:
        append_all(conn, kind.given_up(job, "cancelled", reason, now))
    return Job(**rows(conn, "cancel_job", {"id": job_id, "now": now, "reason": reason})[0])


def prune(conn: AnyConnection, *, before: datetime) -> int:
    """Delete old completed and cancelled jobs; returns how many. Dead jobs stay until an operator acts."""
    return len(rows(conn, "prune_jobs", {"before": before}))


def rows(conn: AnyConnection, name: str, values: Mapping[str, object]) -> list[dict[str, Any]]:
    # Any: one type a column
    with conn.cursor(row_factory=dict_row) as cursor:
        return cursor.execute(statement("jobs", name), values).fetchall()


def _locked(conn: AnyConnection, job_id: UUID) -> Job:
    jobs = rows(conn, "lock_job", {"id": job_id})
    if not jobs:
        raise JobUnknown(job_id)
    return Job(**jobs[0])
