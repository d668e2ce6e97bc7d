"""`tenure jobs`: list, retry and cancel background jobs."""

from dataclasses import asdict
from typing import Any, get_args
from uuid import UUID

import click

from cli.errors import Failure
from cli.output import console, emit_json, emit_table, json_option
from cli.parameters import FILLED_TEXT
from events.clock import utc_now
from jobs import Job, cancel, listed, retry
from jobs.errors import JobError
from jobs.job import Status
from service.schedule import job_types
from service.wiring import command_settings, session

_COLUMNS = ("id", "type", "status", "retries", "scheduled_for", "why")


@click.group()
def jobs() -> None:
    """List, retry and cancel background jobs."""


@jobs.command("list")
@click.option(
    "--status",
    "statuses",
    multiple=True,
    type=click.Choice(get_args(Status)),
    help="List only jobs with this status; repeatable.",
)
@click.option("--type", "type_", help="List only jobs of this type.")
@click.option("--limit", type=click.IntRange(1, 1_000), default=50, show_default=True)
@json_option
def list_all(*, statuses: tuple[str, ...], type_: str | None, limit: int, as_json: bool) -> None:
    """List the newest jobs. `failed` ones retry automatically, `dead` ones only by `tenure jobs retry`."""
    with session(command_settings()) as conn:
        rows = listed(conn, statuses=statuses, type_=type_, limit=limit)
    if as_json:
        emit_json([asdict(job) for job in rows])
    else:
        emit_table([_row(job) for job in rows], _COLUMNS, empty="no jobs")


@jobs.command("retry")
@click.argument("job_ids", metavar="ID…", type=click.UUID, nargs=-1, required=True)
@click.option("--reason", type=FILLED_TEXT, help="Reason, shown with the job until that attempt ends.")
@click.option("--dry-run", is_flag=True, help="Name the jobs that would be due; write nothing.")
@json_option
def retry_jobs(*, job_ids: tuple[UUID, ...], reason: str | None, dry_run: bool, as_json: bool) -> None:
    """Retry jobs now, all of them or none. Each gets its full number of attempts again."""
    with session(command_settings()) as conn:
        try:
            moved = [retry(conn, job_id, now=utc_now(), reason=reason) for job_id in job_ids]
        except JobError as refused:
            raise Failure(str(refused)) from None
        if dry_run:
            conn.rollback()
    _print_jobs(moved, "would be due now" if dry_run else "due now", as_json=as_json)


@jobs.command("cancel")
@click.argument("job_ids", metavar="ID…", type=click.UUID, nargs=-1, required=True)
@click.option("--reason", type=FILLED_TEXT, required=True, help="Reason, stored with the job.")
@json_option
def cancel_jobs(*, job_ids: tuple[UUID, ...], reason: str, as_json: bool) -> None:
    """Cancel jobs, all of them or none. A running job can't be canceled."""
    settings = command_settings()
    types = job_types(settings)
    with session(settings) as conn:
        try:
            moved = [cancel(conn, job_id, now=utc_now(), reason=reason, types=types) for job_id in job_ids]
        except JobError as refused:
            raise Failure(str(refused)) from None
    _print_jobs(moved, "canceled", as_json=as_json)


def _print_jobs(moved: list[Job], what: str, *, as_json: bool) -> None:
    if as_json:
        emit_json([asdict(job) for job in moved])
        return
    for job in moved:
        console().print(f"{job.type} job {job.id}: {what}", markup=False)


def _row(job: Job) -> dict[str, Any]:  # Any: cells
    why = job.error or (job.result or {}).get("reason")
    return asdict(job) | {"retries": f"{job.retry_count} of {job.max_retries}", "why": why}
