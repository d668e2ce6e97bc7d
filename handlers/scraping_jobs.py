"""Scraping jobs: pending, processing, then completed, error or timeout; and their results."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from events.append import json_text
from events.domain.platform import (
    JobCompleted,
    JobCreated,
    JobFailed,
    JobProgressed,
    JobResultsRecorded,
    JobStarted,
)
from events.statements import AnyConnection
from handlers.decision import Command, Decided, DueFact, Verdict, decide, refuse_unfit
from handlers.errors import UnusableInstant
from handlers.owned_rows import answer_of, fetch_row, new_id, owned_row, refuse_deleted, refuse_unless
from handlers.usage import MeteredUsage, count
from projections.catalog import Catalog
from projections.state import State
from queries.entitlements import standing
from queries.instants import iso

RUNNING = ("pending", "processing")


@dataclass(frozen=True, slots=True, kw_only=True)
class NewJob:
    """`keywords` and `search_params` are the platform's own JSON."""

    campaign_id: UUID | None = None
    run_id: str | None = None
    platform: str | None = None
    region: str | None = None
    keywords: Sequence[str] | None = None
    search_params: Mapping[str, Any] | None = None  # Any: JSON values
    target_username: str | None = None
    target_results: int | None = None
    qstash_message_id: str | None = None
    timeout_at: datetime | None = None


def create_job(conn: AnyConnection, command: Command, new: NewJob) -> Decided:
    """Create a pending job, alone or in a campaign of the same user that has not ended.

    Raises: NotTheirs, WrongState, UnusableInstant, UserDeleted, and as `decide`.
    """
    job_id = new_id("scraping_jobs", command)

    def rule(state: State, _: Catalog, now: datetime) -> Verdict:
        refuse_deleted(state)
        _refuse_past(new.timeout_at, now)
        if new.campaign_id is not None:
            refuse_unless(
                "campaign", owned_row(conn, "campaign", new.campaign_id, command), "draft", "active"
            )
        fact = JobCreated(job_id=job_id, **asdict(new))
        return Verdict(fact, answer_of(job_id, None, status="pending"))

    return decide(conn, command, rule)


def start_job(
    conn: AnyConnection,
    command: Command,
    job_id: UUID,
    details: Mapping[str, Any],  # Any: as the event's fields
    *,
    version: int | None = None,
) -> Decided:
    """Start a job; its run id, message id and end may only be known now.

    Raises: NotTheirs, WrongState, VersionConflict, UnusableInstant, HistoryStopped, and as `decide`.
    """

    def rule(_: State, __: Catalog, now: datetime) -> Verdict:
        row = owned_row(conn, "job", job_id, command, version=version)
        refuse_unless("job", row, "pending")
        _refuse_past(details.get("timeout_at", row["timeout_at"]), now)
        return Verdict(JobStarted(job_id=job_id, **details), answer_of(job_id, row, status="processing"))

    return decide(conn, command, rule)


def report_progress(
    conn: AnyConnection,
    command: Command,
    job_id: UUID,
    progress: Mapping[str, int],
    *,
    version: int | None = None,
) -> Decided:
    """Record progress. Raises: NotTheirs, WrongState, VersionConflict, HistoryStopped, and as `decide`."""

    def rule(_: State, __: Catalog, ___: datetime) -> Verdict:
        row = owned_row(conn, "job", job_id, command, version=version)
        refuse_unless("job", row, "processing")
        return Verdict(JobProgressed(job_id=job_id, **progress), answer_of(job_id, row, status=row["status"]))

    return decide(conn, command, rule)


def complete_job(
    conn: AnyConnection,
    command: Command,
    job_id: UUID,
    *,
    version: int | None = None,
) -> Decided:
    """Complete a job. Raises: NotTheirs, WrongState, VersionConflict, HistoryStopped, and as `decide`."""

    def rule(_: State, __: Catalog, ___: datetime) -> Verdict:
        row = owned_row(conn, "job", job_id, command, version=version)
        refuse_unless("job", row, "processing")
        return Verdict(JobCompleted(job_id=job_id), answer_of(job_id, row, status="completed"))

    return decide(conn, command, rule)


def fail_job(
    conn: AnyConnection,
    command: Command,
    job_id: UUID,
    error: str,
    *,
    version: int | None = None,
) -> Decided:
    """Fail a job that can't continue or could not start. Raises: as `complete_job`."""

    def rule(_: State, __: Catalog, ___: datetime) -> Verdict:
        row = owned_row(conn, "job", job_id, command, version=version)
        refuse_unless("job", row, *RUNNING)
        return Verdict(JobFailed(job_id=job_id, error=error), answer_of(job_id, row, status="error"))

    return decide(conn, command, rule)


def record_results(
    conn: AnyConnection,
    command: Command,
    job_id: UUID,
    creators: Sequence[Any],  # Any: JSON values
    *,
    version: int | None = None,
) -> Decided:
    """Store a running job's results and count them as creators: all, or none if they exceed the limit.

    The creators go straight into scraping_results; the event, in the same transaction, contains their
    number and the digest of the stored text.
    Raises: LimitExceeded, NotTheirs, WrongState, VersionConflict, HistoryStopped, UserDeleted,
    UserQuarantined, and as `decide`.
    """
    result_id = new_id("scraping_results", command)
    text, quantity = json_text(list(creators)), len(creators)

    def rule(state: State, catalog: Catalog, now: datetime) -> Verdict:
        row = owned_row(conn, "job", job_id, command, version=version)
        refuse_unless("job", row, "processing")
        due, remaining = _counted(state, catalog, quantity, now)
        stored = fetch_row(conn, "store_results", id=result_id, job_id=job_id, creators=text, at=now)
        assert stored is not None  # an upsert always returns a row
        fact = JobResultsRecorded(job_id=job_id, result_id=result_id, count=quantity, digest=stored["digest"])
        recorded = {"result_id": str(result_id), "count": quantity, "digest": stored["digest"]}
        return Verdict(fact, answer_of(job_id, row, **recorded, creators_remaining=remaining), due)

    return decide(conn, command, rule)


def _counted(
    state: State, catalog: Catalog, quantity: int, now: datetime
) -> tuple[Sequence[DueFact], int | None]:
    """The facts due by now, and how many creators remain after these. Raises: LimitExceeded."""
    refuse_unfit(state)
    if quantity == 0:
        return (), standing(state, catalog, now).allowances["creators"].remaining
    verdict = count(state, catalog, MeteredUsage(metric="creators", quantity=quantity), now)
    return verdict.due, verdict.answer["remaining"]["creators"]


def _refuse_past(timeout_at: datetime | None, now: datetime) -> None:
    if timeout_at is not None and timeout_at <= now:
        raise UnusableInstant(f"timeout_at: expected an instant after now, found {iso(timeout_at)}")
