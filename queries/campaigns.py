"""Campaigns of a user, optionally with their newest jobs, in a fixed number of statements."""

from dataclasses import asdict, dataclass
from uuid import UUID

from psycopg.sql import SQL

from events.statements import AnyConnection, Row, statement
from queries.compose import compose, whole
from queries.listing import Listing, Page, conditions, grouped, page
from queries.rows import fetch_all, fetch_one

NEWEST_JOBS = 20

CAMPAIGNS = Listing(
    "c",
    SQL("(c.created_at, c.id) < (%(key_place)s::timestamptz, %(key_id)s::uuid)"),
    SQL("ORDER BY c.created_at DESC, c.id DESC LIMIT %(limit)s::integer"),
)
CONDITIONS = {
    "user_id": SQL("c.user_id = %(user_id)s::text"),
    "status": SQL("c.status = %(status)s::text"),
    "search_type": SQL("c.search_type = %(search_type)s::text"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class CampaignFilter:
    """Which campaigns; None does not restrict."""

    user_id: str | None = None
    status: str | None = None
    search_type: str | None = None


def list_campaigns(
    conn: AnyConnection,
    campaign_filter: CampaignFilter,
    *,
    limit: int,
    after: str | None = None,
    jobs: bool = False,
) -> Page:
    """One page, newest first, in two statements; three with `jobs`, the newest 20 of each.

    Raises: BadCursor.
    """
    where, values = conditions(asdict(campaign_filter), CONDITIONS)
    campaign_page = page(
        conn,
        CAMPAIGNS,
        whole("campaigns"),
        where,
        values,
        limit=limit,
        after=after,
        estimate=campaign_filter.user_id is None,
    )
    if jobs:
        _join_jobs(conn, campaign_page.items)
    return campaign_page


def campaign(conn: AnyConnection, campaign_id: UUID, user_id: str, *, jobs: bool = False) -> Row | None:
    """One campaign of the user; None if the user has none with that id."""
    query = compose(whole("campaigns"), [SQL("c.id = %(id)s::uuid"), CONDITIONS["user_id"]])
    row = fetch_one(conn, query, {"id": campaign_id, "user_id": user_id})
    if row is not None and jobs:
        _join_jobs(conn, [row])
    return row


def _join_jobs(conn: AnyConnection, rows: list[Row]) -> None:
    parameters = {"campaigns": [row["id"] for row in rows], "limit": NEWEST_JOBS}
    job_rows = fetch_all(conn, statement("queries", "jobs_of_campaigns"), parameters) if rows else []
    jobs = grouped(job_rows, "campaign_id")
    for row in rows:
        row["jobs"] = jobs.get(row["id"], [])
