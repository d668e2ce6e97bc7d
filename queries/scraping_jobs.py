"""Scraping jobs: by what they are for and by what their JSON holds; wide columns only when asked."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import orjson

from events.routing import part_of
from events.statements import statement
from queries.compose import compose
from queries.listing import Listing, Page, Values, conditions, grouped, page
from queries.rows import AnyConnection, Row, fetch_all, fetch_one

NEWEST_RESULTS = 20
DEEPEST = 5

WIDE = {"keywords": "jobs_keywords", "search_params": "jobs_search_params"}
JOBS = Listing("j", "jobs_source", "count_matching", "jobs_where_after", ("jobs_in_order", "events_limit"))
RESULTS = Listing(
    "r", "results_source", "count_matching", "results_where_after", ("results_in_order", "events_limit")
)
FILES = {
    "user_id": "jobs_where_user",
    "campaign_id": "jobs_where_campaign",
    "status": "jobs_where_status",
    "platform": "jobs_where_platform",
    "region": "jobs_where_region",
    "run_id": "jobs_where_run",
    "has_param": "jobs_where_has_param",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class ScrapingJobFilter:
    """Which jobs; what is None or empty does not restrict.

    `keywords`: all of them are among the job's. `has_param`: a key at the top of search_params.
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
    wanted: ScrapingJobFilter,
    *,
    limit: int,
    after: str | None = None,
    include: Collection[str] = (),
) -> Page:
    """One page, newest first, in two statements; three with `results` in `include`.

    `include`: keywords, search_params, results (without their creators). Raises: BadCursor.
    """
    where, values = select(wanted)
    found = page(
        conn,
        JOBS,
        columns(include),
        where,
        values,
        limit=limit,
        after=after,
        estimate=wanted.user_id is None and wanted.campaign_id is None,
    )
    if "results" in include:
        _join_results(conn, found.items)
    return found


def job(conn: AnyConnection, job_id: UUID, user_id: str, *, include: Collection[str] = ()) -> Row | None:
    """One job of the user; None when they have none of that id."""
    query = compose(*columns(include), "jobs_source", where=["jobs_where_id", FILES["user_id"]])
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
    """What a user's job found, oldest first; the creators themselves only when asked. Raises: BadCursor."""
    opening = ["results_columns", *(["results_creators"] if creators else [])]
    where, values = ["results_where_job"], {"job_id": job_id, "user_id": user_id}
    weight = "bytes" if creators else None
    return page(conn, RESULTS, opening, where, values, limit=limit, after=after, weight=weight)


def verify_results(conn: AnyConnection, job_id: UUID, user_id: str) -> list[Row]:
    """Each stored or recorded result and `verdict`: ok, altered, missing or unrecorded.

    The digest is taken of what is stored now and compared with the one in the log.
    """
    asked = {"job_id": job_id, "user_id": user_id, "part": part_of(user_id)}
    return fetch_all(conn, statement("queries", "verify_results"), asked)


def select(wanted: ScrapingJobFilter) -> tuple[list[str], Values]:
    """The files and values of a filter."""
    where, values = conditions({name: getattr(wanted, name) for name in FILES}, FILES)
    if wanted.keywords:
        where.append("jobs_where_keywords")
        values["keywords"] = orjson.dumps(list(wanted.keywords)).decode()
    if wanted.param is not None:
        where.append("jobs_where_param")
        path, text = wanted.param
        values |= {"param_text": _nested(path, text), "param_value": _nested(path, _value(text))}
    return where, values


def columns(include: Collection[str]) -> list[str]:
    """The opening files for these wide columns."""
    return ["jobs_columns", *(file for name, file in WIDE.items() if name in include)]


def _nested(path: Sequence[str], value: Any) -> str:  # Any: a JSON scalar
    """The JSON that contains nothing but that value at that path; containment finds it by index."""
    assert 0 < len(path) <= DEEPEST
    for key in reversed(path):
        value = {key: value}
    return orjson.dumps(value).decode()


def _value(text: str) -> Any:  # Any: a JSON scalar
    """What the text would be as a JSON number, boolean or null; else the text."""
    try:
        found = orjson.loads(text)
    except orjson.JSONDecodeError:
        return text
    return text if isinstance(found, list | dict) else found


def _join_results(conn: AnyConnection, rows: list[Row]) -> None:
    asked = {"jobs": [row["id"] for row in rows], "limit": NEWEST_RESULTS}
    found = fetch_all(conn, statement("queries", "results_of_jobs"), asked) if rows else []
    by_job = grouped(found, "job_id")
    for row in rows:
        row["results"] = by_job.get(row["id"], [])
