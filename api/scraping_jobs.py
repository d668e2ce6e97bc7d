"""/api/jobs: a user's scraping jobs, their progress and results."""

from collections.abc import Callable
from decimal import Decimal
from typing import Annotated, Any
from uuid import UUID

from flask import Blueprint, Response
from psycopg import Connection

from api.aggregate_views import (
    CODES,
    DecidedChange,
    OwnerQuestion,
    VersionedOrder,
    done,
    one,
    ordered,
    paged,
    uuid_of,
    version_of,
)
from api.auth import noted, requires
from api.deps import deps
from api.errors import not_found
from api.openapi import documented
from api.replica import reading
from api.responses import answer
from api.scraping_job_models import (
    JobFailure,
    JobOrder,
    JobProgress,
    JobQuestion,
    Jobs,
    JobsQuestion,
    JobStart,
    Results,
    ResultsOrder,
    ResultsQuestion,
    ScrapingJobRow,
    Verdicts,
)
from handlers.decision import Command, Decided
from handlers.scraping_jobs import (
    NewJob,
    complete_job,
    create_job,
    fail_job,
    record_results,
    report_progress,
    start_job,
)
from queries.scraping_jobs import ScrapingJobFilter, job, list_jobs, results, verify_results

jobs = Blueprint("jobs", __name__, url_prefix="/api/jobs")

_TAGS = ("jobs",)
WHAT = "job"
Conn = Annotated[Connection[Any], "a connection of the pool"]  # Any: the row factory does not matter


@jobs.get("")
@requires("service")
@documented(query=JobsQuestion, tags=_TAGS, HTTP_200=Jobs)
def show_all(query: JobsQuestion) -> Response:
    """A user's jobs, newest first, without their wide columns unless `include` names them.

    `keyword`: all those given are among the job's (commas between). `has_param`: a key at the top of
    search_params. `param`: what search_params holds at a path, as in `audience.age:18`, which finds 18
    and "18".
    """
    where = ScrapingJobFilter(
        user_id=query.user_id,
        campaign_id=query.campaign_id,
        status=query.status,
        platform=query.platform,
        region=query.region,
        run_id=query.run_id,
        keywords=query.keywords(),
        has_param=query.has_param,
        param=query.path_and_value(),
    )
    with deps().pool.connection() as conn:
        page = list_jobs(conn, where, limit=query.limit, after=query.after, include=query.included())
        noted(conn, subjects=[query.user_id], fields=["jobs", *query.included()])
    return paged(page)


@jobs.get("/<key:job_id>")
@requires("service")
@documented(query=JobQuestion, tags=_TAGS, HTTP_200=ScrapingJobRow, HTTP_404=None)
def show(job_id: str, query: JobQuestion) -> Response:
    """One job of the user; its ETag is its version."""
    row_id = uuid_of(job_id, WHAT)
    with deps().pool.connection() as conn:
        row = job(conn, row_id, query.user_id, include=query.included())
        noted(conn, subjects=[query.user_id], fields=["jobs", *query.included()])
    return one(row, WHAT)


@jobs.post("")
@requires("service")
@documented(json=JobOrder, tags=_TAGS, HTTP_201=DecidedChange, **CODES)
def create(json: JobOrder) -> Response:
    """Create a pending job, alone or in a draft or active campaign of the same user."""
    issued = ordered(json, "job.create", user_id=json.user_id)
    new = NewJob(**json.model_dump(exclude={"user_id"}))
    return done(lambda conn: create_job(conn, issued, new), issued, status=201)


@jobs.post("/<key:job_id>/start")
@requires("service")
@documented(json=JobStart, tags=_TAGS, HTTP_200=DecidedChange, **CODES)
def start(job_id: str, json: JobStart) -> Response:
    """Start a pending job; values that are only known now may be set."""
    details = json.model_dump(exclude_none=True, exclude={"user_id", "version"})
    return _moved(job_id, "job.start", json, lambda c, k, i, o: start_job(c, k, i, details, **o))


@jobs.patch("/<key:job_id>")
@requires("service")
@documented(json=JobProgress, tags=_TAGS, HTTP_200=DecidedChange, **CODES)
def progress(job_id: str, json: JobProgress) -> Response:
    """Record a running job's progress; `progress` is per cent, stored with two decimals."""
    changes = json.changes()
    if "progress" in changes:
        changes["progress_basis_points"] = round(Decimal(str(changes.pop("progress"))) * 100)
    return _moved(job_id, "job.progress", json, lambda c, k, i, o: report_progress(c, k, i, changes, **o))


@jobs.post("/<key:job_id>/complete")
@requires("service")
@documented(json=VersionedOrder, tags=_TAGS, HTTP_200=DecidedChange, **CODES)
def complete(job_id: str, json: VersionedOrder) -> Response:
    """Complete a running job."""
    return _moved(job_id, "job.complete", json, lambda c, k, i, o: complete_job(c, k, i, **o))


@jobs.post("/<key:job_id>/fail")
@requires("service")
@documented(json=JobFailure, tags=_TAGS, HTTP_200=DecidedChange, **CODES)
def fail(job_id: str, json: JobFailure) -> Response:
    """Fail a pending or running job."""
    return _moved(job_id, "job.fail", json, lambda c, k, i, o: fail_job(c, k, i, json.error, **o))


@jobs.post("/<key:job_id>/results")
@requires("service")
@documented(json=ResultsOrder, tags=_TAGS, HTTP_200=DecidedChange, HTTP_413=None, **CODES)
def record(job_id: str, json: ResultsOrder) -> Response:
    """Store a running job's results and count them as creators of this month.

    Beyond the limit: 409 `limit-exceeded` with the remainder, and nothing is stored.
    """
    return _moved(job_id, "job.results", json, lambda c, k, i, o: record_results(c, k, i, json.creators, **o))


@jobs.get("/<key:job_id>/results")
@requires("service")
@documented(query=ResultsQuestion, tags=_TAGS, HTTP_200=Results, HTTP_404=None)
def show_results(job_id: str, query: ResultsQuestion) -> Response:
    """A job's results, oldest first; the creators themselves with `include=creators`."""
    row_id, creators = uuid_of(job_id, WHAT), query.include is not None
    with deps().pool.connection() as conn:
        if job(conn, row_id, query.user_id) is None:
            raise not_found(WHAT)
        page = results(conn, row_id, query.user_id, limit=query.limit, after=query.after, creators=creators)
        noted(conn, subjects=[query.user_id], fields=["results", *(["creators"] if creators else [])])
    return paged(page)


@jobs.get("/<key:job_id>/results/verification")
@requires("service", "auditor")
@documented(query=OwnerQuestion, tags=_TAGS, HTTP_200=Verdicts, HTTP_404=None)
def verify(job_id: str, query: OwnerQuestion) -> Response:
    """Compare the digest of each stored result with the digest in the log."""
    row_id = uuid_of(job_id, WHAT)
    with reading() as conn:
        if job(conn, row_id, query.user_id) is None:
            raise not_found(WHAT)
        verified = verify_results(conn, row_id, query.user_id)
        noted(conn, subjects=[query.user_id], fields=["results"])
    return answer({"items": verified, "ok": all(row["verdict"] == "ok" for row in verified)})


def _moved(
    job_id: str,
    what: str,
    order: VersionedOrder,
    act: Callable[[Conn, Command, UUID, dict[str, Any]], Decided],  # Any: options of the command
) -> Response:
    row_id = uuid_of(job_id, WHAT)
    issued = ordered(order, what, row_id, user_id=order.user_id)
    options = {"version": version_of(order)}
    return done(lambda conn: act(conn, issued, row_id, options), issued)
