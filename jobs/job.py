"""A background job, and the argument and result of its handler."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from events.clock import Clock
from events.envelope import NewEvent
from events.statements import AnyConnection

Json = Mapping[str, Any]  # Any: JSON values
Status = Literal["pending", "processing", "completed", "failed", "cancelled", "dead"]

LIMIT_S = 300.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """One row of background_jobs, without its lease."""

    id: UUID
    type: str
    payload: dict[str, Any]  # Any: JSON values
    status: Status
    priority: int
    max_retries: int
    retry_count: int
    scheduled_for: datetime
    started_at: datetime | None
    completed_at: datetime | None
    failed_at: datetime | None
    error: str | None
    result: dict[str, Any] | None  # Any: JSON values
    created_at: datetime
    updated_at: datetime


@dataclass(frozen=True, slots=True)
class JobContext:
    """The argument of a handler. `conn` is in autocommit and belongs to this worker alone.

    `note` stores a result at once, before the job ends, so that the next attempt can read it.
    """

    conn: AnyConnection
    job: Job
    clock: Clock
    note: Callable[[Json | None], None]


@dataclass(frozen=True, slots=True)
class JobResult:
    """The result of a job. Its events are appended in the transaction that ends the job."""

    result: Json = field(default_factory=dict)
    events: Sequence[NewEvent] = ()
    status: Literal["completed", "cancelled"] = "completed"


def _no_events(_job: Job, _status: Status, _why: str, _now: datetime) -> Sequence[NewEvent]:
    return ()


@dataclass(frozen=True, slots=True)
class JobType:
    """`given_up` returns the events to append when no attempt is left, or an operator cancelled the job.

    A job that has not finished after `limit_s` seconds loses its lease.
    """

    name: str
    handle: Callable[[JobContext], JobResult]
    given_up: Callable[[Job, Status, str, datetime], Sequence[NewEvent]] = _no_events
    limit_s: float = LIMIT_S


Registry = Mapping[str, JobType]
