"""Background jobs by status; operators can retry or cancel them."""

from uuid import UUID

from flask import Blueprint, flash, redirect, render_template, url_for
from werkzeug.wrappers import Response

from console.access import operator_only
from console.deps import deps, now
from console.errors import FormRefused, not_found, sentence
from console.inputs import choice, reason_field, text
from jobs.errors import JobNotMovable, JobUnknown
from jobs.queue import cancel, listed, retry

pages = Blueprint("jobs", __name__, url_prefix="/jobs")

STATUSES = ("pending", "processing", "completed", "failed", "cancelled", "dead")
RETRYABLE = frozenset({"failed", "dead", "cancelled"})
CANCELLABLE = frozenset({"pending", "failed", "dead"})
SHOWN = 200


@pages.get("")
def show() -> str:
    """The newest jobs, optionally of one status and type."""
    status, kind = choice("status", STATUSES), text("type")
    with deps().pool.connection() as conn:
        items = listed(conn, statuses=[status] if status else [], type_=kind, limit=SHOWN)
    return render_template(
        "console/jobs.html",
        items=items, statuses=STATUSES, status=status, type=kind, now=now(),
        retryable=RETRYABLE, cancellable=CANCELLABLE,
    )  # fmt: skip


@pages.post("/<uuid:job_id>/retry")
@operator_only
def again(job_id: UUID) -> Response:
    """Make a job due now, with all its attempts again."""
    try:
        with deps().pool.connection() as conn:
            job = retry(conn, job_id, now=now())
    except JobUnknown:
        raise not_found("job") from None
    except JobNotMovable as problem:
        raise FormRefused(409, "It can't be tried again", sentence(problem)) from None
    flash(f"{job.type} is tried again now.")
    return redirect(url_for("console.jobs.show"), 303)


@pages.post("/<uuid:job_id>/cancel")
@operator_only
def call_off(job_id: UUID) -> Response:
    """Cancel a job. A cancelled job keeps its first reason."""
    reason = reason_field()
    try:
        with deps().pool.connection() as conn:
            cancel(conn, job_id, now=now(), reason=reason, types=deps().job_types())
    except JobUnknown:
        raise not_found("job") from None
    except JobNotMovable as problem:
        if problem.status != "cancelled":
            raise FormRefused(409, "It can't be called off", sentence(problem)) from None
    flash("The job is called off.")
    return redirect(url_for("console.jobs.show"), 303)
