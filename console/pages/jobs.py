"""Background jobs: what waits, runs, failed or is dead; and for an operator, another try."""

from uuid import UUID

from flask import Blueprint, flash, redirect, render_template, url_for
from werkzeug.wrappers import Response

from console.access import operator_only
from console.deps import deps, now
from console.errors import Refused, not_found, sentence
from console.inputs import choice, text
from handlers.jobs.errors import JobNotMovable, JobUnknown
from handlers.jobs.queue import listed, retry

pages = Blueprint("jobs", __name__, url_prefix="/jobs")

STATUSES = ("pending", "processing", "completed", "failed", "cancelled", "dead")
RETRYABLE = frozenset({"failed", "dead", "cancelled"})
SHOWN = 200


@pages.get("")
def show() -> str:
    """The newest, of one status and type if asked."""
    status, kind = choice("status", STATUSES), text("type")
    with deps().pool.connection() as conn:
        items = listed(conn, statuses=[status] if status else [], type_=kind, limit=SHOWN)
    return render_template(
        "console/jobs.html",
        items=items, statuses=STATUSES, status=status, type=kind, retryable=RETRYABLE, now=now(),
    )  # fmt: skip


@pages.post("/<uuid:job_id>/retry")
@operator_only
def again(job_id: UUID) -> Response:
    """Due now, with all its tries again."""
    try:
        with deps().pool.connection() as conn:
            job = retry(conn, job_id, now=now())
    except JobUnknown:
        raise not_found("job") from None
    except JobNotMovable as problem:
        raise Refused(409, "It can't be tried again", sentence(problem)) from None
    flash(f"{job.type} is tried again now.")
    return redirect(url_for("console.jobs.show"), 303)
