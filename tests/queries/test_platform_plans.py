"""Each of the platform's queries, and the index it uses on a filled table."""

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from psycopg.sql import SQL

from database.pool import connect
from events.statements import statement
from queries.campaigns import CAMPAIGNS, CONDITIONS
from queries.compose import compose, explained, whole
from queries.scraping_jobs import JOBS, ScrapingJobFilter, jobs_with, select
from tests.databases import Server
from tests.handlers.users import NOW


@pytest.fixture(scope="module")
def filled(server: Server, template: str) -> Iterator[str]:
    database = server.database(template)
    with closing(connect(database.conninfo, application_name="fill", autocommit=True)) as conn:
        conn.execute(Path(__file__).with_name("fill_platform.sql").read_bytes())
        conn.execute("VACUUM ANALYZE")
    yield database.conninfo
    database.drop()


SOMEBODY = {"user_id": "user_7", "limit": 20}
JOB_PAGES = [
    (ScrapingJobFilter(user_id="user_7"), "scraping_jobs_listed"),
    (ScrapingJobFilter(user_id="user_7", status="processing"), "scraping_jobs_status"),
    (ScrapingJobFilter(keywords=["k7"]), "scraping_jobs_keywords"),
    (ScrapingJobFilter(has_param="p7"), "scraping_jobs_search_params"),
    (ScrapingJobFilter(param=(["p7", "age"], "18")), "scraping_jobs_search_params"),
    (ScrapingJobFilter(run_id="run_1x"), "scraping_jobs_run"),
    (ScrapingJobFilter(campaign_id=UUID(int=1)), "scraping_jobs_campaign"),
    (ScrapingJobFilter(platform="TikTok"), "scraping_jobs_newest"),
    (ScrapingJobFilter(param=(["common"], "everywhere")), "scraping_jobs_newest"),
]


@pytest.mark.parametrize(("filters", "index"), JOB_PAGES)
def test_each_search_for_jobs_uses_its_index(filled: str, filters: ScrapingJobFilter, index: str) -> None:
    where, values = select(filters)
    query = explained(compose(jobs_with(()), where, JOBS.closing))

    assert index in plan(filled, query, values | {"limit": 20})


def test_pages_behind_a_cursor_begin_in_the_index(filled: str) -> None:
    where = [CONDITIONS["user_id"], CAMPAIGNS.after]
    query = explained(compose(whole("campaigns"), where, CAMPAIGNS.closing))

    lines = plan(filled, query, SOMEBODY | {"key_place": NOW, "key_id": UUID(int=1)})

    assert "campaigns_listed" in lines
    assert "Sort" not in lines
    assert "Seq Scan" not in lines


FILES: list[tuple[str, dict[str, Any], set[str]]] = [
    ("jobs_of_campaigns", {"campaigns": [UUID(int=1)] * 20, "limit": 20}, {"scraping_jobs_campaign"}),
    ("results_of_jobs", {"jobs": [UUID(int=1)] * 20, "limit": 20}, {"scraping_results_job"}),
    ("items_of_lists", {"lists": [UUID(int=1)] * 20, "limit": 20}, {"list_items_"}),
    ("verify_results", {"job_id": UUID(int=1), "user_id": "u", "part": 1}, {"scraping_results_job"}),
    (
        "dashboard",
        {"user_id": "user_7", "part": 1, "now": NOW, "running": 10, "recent": 20, "looked_at": 500},
        {"campaigns_", "scraping_jobs_", "creator_lists_listed", "users_user_id"},
    ),
]


@pytest.mark.parametrize(("name", "values", "indexes"), FILES)
def test_no_statement_reads_a_whole_table(
    filled: str, name: str, values: dict[str, Any], indexes: set[str]
) -> None:
    lines = plan(filled, explained(whole(name)), values)

    assert {index for index in indexes if index in lines} == indexes
    for table in ("campaigns", "scraping_jobs", "scraping_results", "creator_lists", "list_items"):
        assert f"Seq Scan on {table}" not in lines


def test_what_is_due_is_found_by_its_index(filled: str) -> None:
    query = explained(SQL(statement("handlers", "jobs_to_time_out").decode()))
    values = {
        "now": NOW.replace(year=2020),
        "after_at": NOW.replace(year=2000),
        "after_id": UUID(int=0),
        "limit": 500,
    }

    assert "scraping_jobs_due" in plan(filled, query, values)


def plan(conninfo: str, query: Any, values: dict[str, Any]) -> str:  # Any: a composed query
    """Each node of the plan, a line a node."""
    with closing(connect(conninfo, application_name="plan")) as conn:
        conn.execute("SET plan_cache_mode = force_custom_plan")
        conn.execute("SET enable_seqscan = off")  # statistics are a sample: can an index serve at all?
        row = conn.execute(query, values).fetchone()
    assert row is not None
    lines: list[str] = []

    def walk(node: dict[str, Any]) -> None:
        label = node["Node Type"] + (f" on {node['Relation Name']}" if "Relation Name" in node else "")
        lines.append(f"{label} {node.get('Index Name', '')}")
        for below in node.get("Plans", ()):
            walk(below)

    walk(row[0][0]["Plan"])
    return "\n".join(lines)
