"""Scraping jobs: by what they are for and by what their JSON holds; wide columns only when asked."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import orjson
from psycopg.sql import SQL, Composable

from events.routing import part_of
from events.statements import statement
from queries.compose import NOTHING, compose, whole
from queries.listing import Listing, Page, Values, conditions, grouped, page
from queries.rows import AnyConnection, Row, fetch_all, fetch_one

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
        jobs_with(include),
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
    """What a user's job found, oldest first; the creators themselves only when asked. Raises: BadCursor."""
    wide = SQL(", r.creators, octet_length(r.creators::text) AS bytes") if creators else NOTHING
    where = [SQL("r.job_id = %(job_id)s::uuid AND j.user_id = %(user_id)s::text")]
    values: Values = {"job_id": job_id, "user_id": user_id}
    weight = "bytes" if creators else None
    query = whole("results", wide=wide)
    return page(conn, RESULTS, query, where, values, limit=limit, after=after, weight=weight)


def verify_results(conn: AnyConnection, job_id: UUID, user_id: str) -> list[Row]:
    """Each stored or recorded result and `verdict`: ok, altered, missing or unrecorded.

    The digest is taken of what is stored now and compared with the one in the log.
    """
    asked = {"job_id": job_id, "user_id": user_id, "part": part_of(user_id)}
    return fetch_all(conn, statement("queries", "verify_results"), asked)


def select(wanted: ScrapingJobFilter) -> tuple[list[Composable], Values]:
    """The conditions and values of a filter."""
    where, values = conditions({name: getattr(wanted, name) for name in CONDITIONS}, CONDITIONS)
    if wanted.keywords:
        where.append(SQL("j.keywords @> %(keywords)s::jsonb"))
        values["keywords"] = orjson.dumps(list(wanted.keywords)).decode()
    if wanted.param is not None:
        where.append(_PARAM)
        path, text = wanted.param
        values |= {"param_text": _nested(path, text), "param_value": _nested(path, _value(text))}
    return where, values


def jobs_with(include: Collection[str]) -> Composable:
    """The statement with these wide columns."""
    return whole("jobs", wide=SQL(" ").join(column for name, column in WIDE.items() if name in include))


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


_PARAM = SQL("(j.search_params @> %(param_text)s::jsonb OR j.search_params @> %(param_value)s::jsonb)")
