"""Campaigns, jobs, lists and the dashboard: pages, filters, statement counts, and the indexes they use."""

from collections.abc import Callable
from typing import Any
from uuid import UUID

import pytest

from events.statements import AnyConnection
from handlers.campaigns import move_campaign
from handlers.lists import NewItem, NewList, add_item, create_list
from handlers.scraping_jobs import complete_job, record_results
from queries.campaigns import CampaignFilter, campaign, list_campaigns
from queries.dashboard import dashboard
from queries.errors import BadCursor
from queries.listing import Page
from queries.lists import ItemFilter, ListFilter, creator_list, list_items, list_lists
from queries.scraping_jobs import ScrapingJobFilter, job, list_jobs, results
from tests.handlers.commands import ADA, BOB, a_campaign, a_job, a_list, command, id_of
from tests.handlers.users import NOW, joined, sold, tell
from tests.projections.event_builders import instant
from tests.queries.counting import statements_of


@pytest.fixture
def people(conn: AnyConnection) -> None:
    tell(conn, *sold(campaigns=100, creators=100), *joined(ADA, BOB))


def campaigns(conn: AnyConnection, number: int, user: str = ADA) -> list[UUID]:
    ids = []
    for _ in range(number):
        ids.append(a_campaign(conn, user))
        conn.commit()
    return ids


def walk(ask: Callable[[str | None], Page]) -> list[UUID]:
    """The ids of all pages."""
    ids, after = [], None
    while True:
        page = ask(after)
        ids += [row["id"] for row in page.items]
        if (after := page.next) is None:
            return ids


@pytest.mark.usefixtures("people")
def test_pages_hold_every_campaign_once_newest_first(conn: AnyConnection) -> None:
    ids = campaigns(conn, 7)
    campaigns(conn, 2, BOB)
    filters = CampaignFilter(user_id=ADA)

    assert walk(lambda after: list_campaigns(conn, filters, limit=3, after=after)) == ids[::-1]
    first = list_campaigns(conn, filters, limit=3)
    assert (first.total, first.total_is_estimate) == (7, False)


@pytest.mark.usefixtures("people")
def test_a_cursor_of_another_listing_is_refused(conn: AnyConnection) -> None:
    campaigns(conn, 2)
    cursor = list_campaigns(conn, CampaignFilter(user_id=ADA), limit=1).next

    with pytest.raises(BadCursor):
        list_jobs(conn, ScrapingJobFilter(user_id=ADA), limit=1, after=cursor)


@pytest.mark.usefixtures("people")
@pytest.mark.parametrize(("size", "limit"), [(2, 10), (12, 10)])
def test_campaigns_with_their_jobs_take_three_statements_however_many(
    conn: AnyConnection, monkeypatch: pytest.MonkeyPatch, size: int, limit: int
) -> None:
    for campaign_id in campaigns(conn, size):
        a_job(conn, running=False, campaign_id=campaign_id)

    with statements_of(conn, monkeypatch) as sent:
        page = list_campaigns(conn, CampaignFilter(user_id=ADA), limit=limit, jobs=True)

    assert len(sent) == 3
    assert [len(row["jobs"]) for row in page.items] == [1] * min(size, limit)


@pytest.mark.usefixtures("people")
def test_jobs_with_results_take_three_statements_and_no_wide_column(
    conn: AnyConnection, monkeypatch: pytest.MonkeyPatch
) -> None:
    for _ in range(3):
        job_id = a_job(conn, keywords=["fitness"], search_params={"a": 1})
        for _ in range(2):
            record_results(conn, command(), job_id, [{"name": "Lee"}])
            conn.commit()

    with statements_of(conn, monkeypatch) as sent:
        page = list_jobs(conn, ScrapingJobFilter(user_id=ADA), limit=10, include=("results",))

    assert len(sent) == 3
    assert not any(wide in text for text in sent for wide in ("keywords", "search_params", "r.creators "))
    assert [[r["creators_count"] for r in row["results"]] for row in page.items] == [[1, 1]] * 3


@pytest.mark.usefixtures("people")
def test_wide_columns_come_when_asked(conn: AnyConnection) -> None:
    job_id = a_job(conn, keywords=["fitness"], search_params={"a": 1})
    record_results(conn, command(), job_id, [{"name": "Lee"}])

    document = job(conn, job_id, ADA, include=("keywords",))
    assert document is not None
    assert document["keywords"] == ["fitness"]
    assert "search_params" not in document
    assert "creators" not in results(conn, job_id, ADA, limit=5).items[0]
    assert results(conn, job_id, ADA, limit=5, creators=True).items[0]["creators"] == [{"name": "Lee"}]


@pytest.mark.usefixtures("people")
def test_nobody_sees_anothers(conn: AnyConnection) -> None:
    (campaign_id,) = campaigns(conn, 1)
    job_id = a_job(conn, campaign_id=campaign_id)
    record_results(conn, command(), job_id, [{}])
    conn.commit()
    list_id = a_list(conn)
    conn.commit()
    add_item(conn, command(), list_id, NewItem(creator_id="c"))

    assert campaign(conn, campaign_id, BOB) is None
    assert job(conn, job_id, BOB) is None
    assert results(conn, job_id, BOB, limit=5).items == []
    assert creator_list(conn, list_id, BOB) is None
    assert list_items(conn, ItemFilter(list_id=list_id, user_id=BOB), limit=5).items == []
    assert list_lists(conn, ListFilter(user_id=BOB, creator_id="c"), limit=5).total == 0


JOBS_MADE: dict[str, dict[str, Any]] = {
    "a": {"keywords": ["fitness"], "search_params": {"audience": {"age": 18}}, "region": "US"},
    "b": {
        "keywords": ["yoga", "fitness"],
        "search_params": {"audience": {"age": "18"}},
        "platform": "TikTok",
    },
    "c": {"keywords": ["food"], "search_params": {"audience": {"open": True}}},
    "d": {},
    "bob": {"keywords": ["fitness"]},
}
SEARCHES = [
    (ScrapingJobFilter(user_id=ADA, keywords=["fitness"]), {"a", "b"}),
    (ScrapingJobFilter(user_id=ADA, keywords=["fitness", "yoga"]), {"b"}),
    (ScrapingJobFilter(user_id=ADA, keywords=["fit"]), set()),
    (ScrapingJobFilter(user_id=ADA, has_param="audience"), {"a", "b", "c"}),
    (ScrapingJobFilter(user_id=ADA, has_param="age"), set()),
    (ScrapingJobFilter(user_id=ADA, param=(["audience", "age"], "18")), {"a", "b"}),
    (ScrapingJobFilter(user_id=ADA, param=(["audience", "age"], "19")), set()),
    (ScrapingJobFilter(user_id=ADA, param=(["audience", "open"], "true")), {"c"}),
    (ScrapingJobFilter(user_id=ADA, param=(["audience"], "18")), set()),
    (ScrapingJobFilter(user_id=ADA, param=(["x'; DROP TABLE scraping_jobs; --"], "%(user_id)s")), set()),
    (ScrapingJobFilter(user_id=ADA, platform="TikTok"), {"b"}),
    (ScrapingJobFilter(user_id=ADA, region="US", status="pending"), {"a"}),
    (ScrapingJobFilter(keywords=["fitness"]), {"a", "b", "bob"}),
]


@pytest.mark.usefixtures("people")
@pytest.mark.parametrize(("filters", "names"), SEARCHES)
def test_jobs_are_found_by_what_their_json_holds(
    conn: AnyConnection, filters: ScrapingJobFilter, names: set[str]
) -> None:
    for name, fields in JOBS_MADE.items():
        a_job(conn, BOB if name == "bob" else ADA, running=False, target_username=name, **fields)

    assert {row["target_username"] for row in list_jobs(conn, filters, limit=10).items} == names


@pytest.mark.usefixtures("people")
def test_lists_are_found_by_tag_and_creator_with_their_first_items(
    conn: AnyConnection, monkeypatch: pytest.MonkeyPatch
) -> None:
    ids = []
    for tags in (("tea",), ("tea", "gin"), ()):
        ids.append(id_of(create_list(conn, command(), NewList(name="x", tags=tags))))
        conn.commit()
        for creator in ("c1", "c2")[: len(tags)]:
            add_item(conn, command(), ids[-1], NewItem(creator_id=creator, creator={"n": 1}))
            conn.commit()

    with statements_of(conn, monkeypatch) as sent:
        tagged = list_lists(conn, ListFilter(user_id=ADA, tag="tea"), limit=10, items=True)

    assert len(sent) == 3
    assert {row["id"]: [i["creator_id"] for i in row["items"]] for row in tagged.items} == {
        ids[0]: ["c1"],
        ids[1]: ["c1", "c2"],
    }
    assert [r["id"] for r in list_lists(conn, ListFilter(user_id=ADA, creator_id="c2"), limit=9).items] == [
        ids[1]
    ]
    page = ItemFilter(list_id=ids[1], user_id=ADA)
    assert len(walk(lambda after: list_items(conn, page, limit=1, after=after))) == 2
    assert list_items(conn, page, limit=1, creator=True).items[0]["creator"] == {"n": 1}


@pytest.mark.usefixtures("people")
def test_the_dashboard_is_one_statement(conn: AnyConnection, monkeypatch: pytest.MonkeyPatch) -> None:
    first, second = campaigns(conn, 2)
    move_campaign(conn, command(), first, "activate")
    conn.commit()
    job_id = a_job(conn, campaign_id=second)
    record_results(conn, command(), job_id, [{}, {}])
    conn.commit()
    complete_job(conn, command(), a_job(conn))
    conn.commit()

    with statements_of(conn, monkeypatch) as sent:
        document = dashboard(conn, ADA, now=NOW)

    assert len(sent) == 1
    assert document is not None
    assert document["campaigns_by_status"] == {"draft": 1, "active": 1}
    assert document["jobs_by_status"] == {"processing": 1, "completed": 1}
    assert [UUID(row["id"]) for row in document["jobs_running"]] == [job_id]
    assert (document["usage_creators_current_month"], document["plan_creators_limit"]) == (2, 100)
    assert [row["event_type"] for row in document["recent"][:3]] == [
        "job.completed",
        "job.started",
        "job.created",
    ]
    next_month = dashboard(conn, ADA, now=instant(40 * 86_400))
    assert next_month is not None
    assert next_month["usage_creators_current_month"] == 0


def test_nobody_has_no_dashboard(conn: AnyConnection) -> None:
    assert dashboard(conn, "user_x", now=NOW) is None
