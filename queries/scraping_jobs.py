"""Scraping jobs: filtered by columns and by their JSON; wide columns only on request."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import orjson
from psycopg.sql import SQL, Composable

from events.routing import part_of
from events.statements import AnyConnection, Row, statement
from queries.compose import NOTHING, compose, whole
from queries.listing import Listing, Page, Values, conditions, grouped, page
from queries.rows import fetch_all, fetch_one

NEWEST_RESULTS = 20
DEEPEST = 5

WIDE = {"keywords": SQL(", j.keywords"), "search_params": SQL(", j.search_params")}
JOBS = Listing(
    "j",
    SQL("(j.created_at, j.id) < (%(key_place)s::timestamptz, %(key_id)s::uuid)"),
    SQL("ORDER BY j.created_at DESC, j.id DESC LIMIT %(limit)s::integer"),
)
RESULTS = Listing(
    "r",
    SQL("(r.created_at, r.id) > (%(key_place)s::timestamptz, %(key_id)s::uuid)"),
    SQL("ORDER BY r.created_at, r.id LIMIT %(limit)s::integer"),
)
CONDITIONS = {
    "user_id": SQL("j.user_id = %(user_id)s::text"),
    "campaign_id": SQL("j.campaign_id = %(campaign_id)s::uuid"),
    "status": SQL("j.status = %(status)s::text"),
    "platform": SQL("j.platform = %(platform)s::text"),
    "region": SQL("j.region = %(region)s::text"),
    "run_id": SQL("j.run_id = %(run_id)s::text"),
    "has_param": SQL("j.search_params ? %(has_param)s::text"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class ScrapingJobFilter:
    """Which jobs; None or an empty value does not restrict.

    `keywords`: all of them are among the job's. `has_param`: a top-level key of search_params.
    `param`: a path of at most five keys into search_params, and the value there as text: "18" finds
    18 and "18".
    """

    user_id: str | None = None
    campaign_id: UUID | None = None
    status: str | None = None
    platform: str | None = None
    region: str | None = None
    run_id: str | None = None
    keywords: Sequence[str] = ()
    has_param: str | None = None
    param: tuple[Sequence[str], str] | None = None


def list_jobs(
    conn: AnyConnection,
    job_filter: ScrapingJobFilter,
    *,
    limit: int,
    after: str | None = None,
    include: Collection[str] = (),
) -> Page:
    """One page, newest first, in two statements; three with `results` in `include`.

    `include`: keywords, search_params, results (without their creators). Raises: BadCursor.
    """
    where, values = select(job_filter)
    job_page = page(
        conn,
        JOBS,
        jobs_with(include),
        where,
        values,
        limit=limit,
        after=after,
        estimate=job_filter.user_id is None and job_filter.campaign_id is None,
    )
    if "results" in include:
        _join_results(conn, job_page.items)
    return job_page


def job(conn: AnyConnection, job_id: UUID, user_id: str, *, include: Collection[str] = ()) -> Row | None:
    """One job of the user; None if the user has none with that id."""
    query = compose(jobs_with(include), [SQL("j.id = %(id)s::uuid"), CONDITIONS["user_id"]])
    row = fetch_one(conn, query, {"id": job_id, "user_id": user_id})
    if row is not None and "results" in include:
        _join_results(conn, [row])
    return row


def results(
    conn: AnyConnection,
    job_id: UUID,
    user_id: str,
    *,
    limit: int,
    after: str | None = None,
    creators: bool = False,
) -> Page:
    """The results of a user's job, oldest first; with `creators`, their JSON too. Raises: BadCursor."""
    wide = SQL(", r.creators, octet_length(r.creators::text) AS bytes") if creators else NOTHING
    where = [SQL("r.job_id = %(job_id)s::uuid AND j.user_id = %(user_id)s::text")]
    values: Values = {"job_id": job_id, "user_id": user_id}
    weight = "bytes" if creators else None
    query = whole("results", wide=wide)
    return page(conn, RESULTS, query, where, values, limit=limit, after=after, weight=weight)


def verify_results(conn: AnyConnection, job_id: UUID, user_id: str) -> list[Row]:
    """Each stored or recorded result and `verdict`: ok, altered, missing or unrecorded.

    The digest of the stored JSON is computed and compared with the one in the log.
    """
    parameters = {"job_id": job_id, "user_id": user_id, "part": part_of(user_id)}
    return fetch_all(conn, statement("queries", "verify_results"), parameters)


def select(job_filter: ScrapingJobFilter) -> tuple[list[Composable], Values]:
    """The conditions and values of a filter."""
    where, values = conditions({name: getattr(job_filter, name) for name in CONDITIONS}, CONDITIONS)
    if job_filter.keywords:
        where.append(SQL("j.keywords @> %(keywords)s::jsonb"))
        values["keywords"] = orjson.dumps(list(job_filter.keywords)).decode()
    if job_filter.param is not None:
        where.append(_PARAM)
        path, text = job_filter.param
        values |= {"param_text": _nested(path, text), "param_value": _nested(path, _value(text))}
    return where, values


def jobs_with(include: Collection[str]) -> Composable:
    """The statement with these wide columns."""
    return whole("jobs", wide=SQL(" ").join(column for name, column in WIDE.items() if name in include))


def _nested(path: Sequence[str], value: Any) -> str:  # Any: a JSON scalar
    """JSON with only that value at that path, so that containment can use the index."""
    assert 0 < len(path) <= DEEPEST
    for key in reversed(path):
        value = {key: value}
    return orjson.dumps(value).decode()


def _value(text: str) -> Any:  # Any: a JSON scalar
    """The text parsed as a JSON number, boolean or null; else the text."""
    try:
        value = orjson.loads(text)
    except orjson.JSONDecodeError:
        return text
    return text if isinstance(value, list | dict) else value


def _join_results(conn: AnyConnection, rows: list[Row]) -> None:
    parameters = {"jobs": [row["id"] for row in rows], "limit": NEWEST_RESULTS}
    result_rows = fetch_all(conn, statement("queries", "results_of_jobs"), parameters) if rows else []
    by_job = grouped(result_rows, "job_id")
    for row in rows:
        row["results"] = by_job.get(row["id"], [])


_PARAM = SQL("(j.search_params @> %(param_text)s::jsonb OR j.search_params @> %(param_value)s::jsonb)")
