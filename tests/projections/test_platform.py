"""The platform's aggregates: what each event does, and what stops only its own aggregate."""

from datetime import timedelta
from typing import Any

import msgspec
import pytest
from msgspec import Raw

from events.domain.platform import (
    CampaignActivated,
    CampaignArchived,
    CampaignCompleted,
    CampaignCreated,
    CampaignUpdated,
    JobCompleted,
    JobCreated,
    JobFailed,
    JobProgressed,
    JobResultsRecorded,
    JobStarted,
    JobTimedOut,
    ListArchived,
    ListCreated,
    ListDeleted,
    ListItemAdded,
    ListItemRemoved,
    ListItemUpdated,
    ListRestored,
    ListUpdated,
)
from events.domain.user import PrivacyErased
from projections.aggregates.rebuild import copied_rows, work_of
from projections.parse_fact import read
from tests.projections.event_builders import USER, instant
from tests.projections.projecting import event_of, facts_of, folded, uid

C, J, L = uid("campaign"), uid("job"), uid("list")
A, B = uid("a"), uid("b")


def campaign(*events: Any) -> Any:
    return folded(event_of(CampaignCreated(campaign_id=C, name="Tea")), *events)["campaigns"][0]


def job(*events: Any, **fields: Any) -> Any:
    return folded(event_of(JobCreated(job_id=J, **fields)), *events)["jobs"][0]


def the_list(*events: Any) -> Any:
    return folded(event_of(ListCreated(list_id=L, name="Best")), *events)["lists"][0]


def added(item: Any, creator: str, at: float) -> Any:
    return event_of(ListItemAdded(list_id=L, item_id=item, creator_id=creator), at)


def test_a_campaign_begins_as_a_draft() -> None:
    state = campaign()

    assert (state.status, state.version, state.created_at) == ("draft", 1, instant(0))


def test_a_campaign_goes_forward() -> None:
    state = campaign(
        event_of(CampaignActivated(campaign_id=C), 1), event_of(CampaignCompleted(campaign_id=C), 2)
    )

    assert (state.status, state.version, state.updated_at) == ("completed", 3, instant(2))


def test_an_archived_campaign_stays_as_it_was() -> None:
    state = campaign(
        event_of(CampaignArchived(campaign_id=C), 1),
        event_of(CampaignUpdated(campaign_id=C, name="Coffee"), 2),
        event_of(CampaignActivated(campaign_id=C), 3),
    )

    assert (state.status, state.name) == ("archived", "Tea")


def test_a_field_left_out_stays_and_null_clears() -> None:
    state = campaign(
        event_of(CampaignUpdated(campaign_id=C, description="green"), 1),
        event_of(CampaignUpdated(campaign_id=C, search_type="tiktok-keyword"), 2),
        event_of(CampaignUpdated(campaign_id=C, description=None), 3),
    )

    assert (state.description, state.search_type) == (None, "tiktok-keyword")


def test_what_comes_before_the_creation_says_nothing() -> None:
    state = campaign(event_of(CampaignActivated(campaign_id=C), -1))

    assert (state.status, state.version) == ("draft", 1)


def test_a_second_creation_changes_nothing_but_the_version() -> None:
    state = campaign(event_of(CampaignCreated(campaign_id=C, name="Other"), 5))

    assert (state.name, state.version, state.created_at) == ("Tea", 2, instant(0))


def test_a_job_runs_and_completes() -> None:
    state = job(
        event_of(JobStarted(job_id=J, run_id="run_1"), 1),
        event_of(JobProgressed(job_id=J, processed_runs=2, cursor=7, progress_basis_points=1205), 2),
        event_of(JobCompleted(job_id=J), 3),
    )

    assert (state.status, state.run_id, state.cursor, state.progress) == ("completed", "run_1", 7, "12.05")
    assert (state.started_at, state.completed_at) == (instant(1), instant(3))


def test_the_first_end_of_a_job_stands() -> None:
    state = job(
        event_of(JobStarted(job_id=J), 1),
        event_of(JobFailed(job_id=J, error="blocked"), 2),
        event_of(JobCompleted(job_id=J), 3),
        event_of(JobProgressed(job_id=J, cursor=9), 4),
    )

    assert (state.status, state.error, state.completed_at, state.cursor) == ("error", "blocked", None, 0)


def test_another_ends_passing_is_not_this_jobs() -> None:
    now, then = instant(60), instant(60) + timedelta(seconds=60)

    late = job(
        event_of(JobStarted(job_id=J, timeout_at=then), 1),
        event_of(JobTimedOut(job_id=J, timeout_at=now), 61),
    )
    due = job(event_of(JobTimedOut(job_id=J, timeout_at=now), 61), timeout_at=now)

    assert (late.status, due.status) == ("processing", "timeout")


def test_results_are_counted_also_after_the_end() -> None:
    results = JobResultsRecorded(job_id=J, result_id=A, count=30, digest="d")

    state = job(event_of(results, 1), event_of(JobFailed(job_id=J, error="x"), 2), event_of(results, 3))

    assert state.creators_recorded == 60


def test_no_creator_is_in_a_list_twice() -> None:
    state = the_list(added(A, "c1", 1), added(B, "c1", 2), added(A, "c2", 3))

    assert [(item.id, item.creator_id) for item in state.items.values()] == [(A, "c1")]
    assert state.items_count == 1


def test_a_removed_creator_may_come_back() -> None:
    removed = event_of(ListItemRemoved(list_id=L, item_id=A), 2)

    state = the_list(added(A, "c1", 1), removed, added(B, "c1", 3))

    assert [item.id for item in state.items.values()] == [B]


def test_an_item_changes_but_for_its_creator() -> None:
    moved = ListItemUpdated(list_id=L, item_id=A, bucket="shortlist", pinned=True, position=4)

    item = the_list(added(A, "c1", 1), event_of(moved, 2)).items[A]

    assert (item.creator_id, item.bucket, item.pinned, item.position) == ("c1", "shortlist", True, 4)


def test_a_list_is_archived_and_restored() -> None:
    archived = event_of(ListArchived(list_id=L), 1)

    assert the_list(archived).is_archived
    assert not the_list(archived, event_of(ListRestored(list_id=L), 2)).is_archived
    assert the_list(event_of(ListUpdated(list_id=L, tags=("a", "b")), 1)).tags == ["a", "b"]


def test_a_deleted_list_stays_deleted() -> None:
    created = ListCreated(list_id=L, name="Best")

    work = folded(
        event_of(created), event_of(ListDeleted(list_id=L), 1), event_of(created, 2), added(A, "c1", 3)
    )

    assert work["lists"] == []


def test_an_event_that_can_not_be_read_stops_its_aggregate_alone() -> None:
    bad = event_of(CampaignUpdated(campaign_id=C, name="x"), 1)
    other = event_of(CampaignCreated(campaign_id=A, name="Other"))
    facts = facts_of([event_of(CampaignCreated(campaign_id=C, name="Tea")), bad, other])
    facts[1] = read_again(facts[1], f'{{"campaign_id": "{C}", "name": 7}}')
    facts += facts_of(
        [event_of(CampaignArchived(campaign_id=C), 2), event_of(CampaignArchived(campaign_id=A), 2)]
    )

    campaigns = {row.id: row for row in work_of(USER, facts).campaigns}

    assert (campaigns[C].status, campaigns[C].unfolded_event_id) == ("draft", facts[1].id)
    assert (campaigns[A].status, campaigns[A].unfolded_event_id) == ("archived", None)


def test_a_creation_that_can_not_be_read_leaves_no_row() -> None:
    (fact,) = facts_of([event_of(CampaignCreated(campaign_id=C, name="Tea"))])

    assert work_of(USER, [read_again(fact, f'{{"campaign_id": "{C}"}}')]).campaigns == []
    assert work_of(USER, [read_again(fact, '{"campaign_id": 7}')]).campaigns == []
    assert work_of(USER, [read_again(fact, None)]).campaigns == []


def test_the_platforms_json_stays_as_it_was_written() -> None:
    state = job(search_params={"a": [1.5, None]}, keywords=None)
    item = ListItemAdded(list_id=L, item_id=A, creator_id="c", creator={"n": 1})

    assert (bytes(state.search_params), state.keywords) == (b'{"a":[1.5,null]}', None)
    assert bytes(the_list(event_of(item, 1)).items[A].creator) == b'{"n":1}'


@pytest.mark.parametrize("json", ["1e400000", "9" * 5000, "[" * 5000 + "]" * 5000])
def test_json_that_a_row_can_not_hold_makes_no_row(json: str) -> None:
    (fact,) = facts_of([event_of(JobCreated(job_id=J))])

    assert work_of(USER, [read_again(fact, f'{{"job_id": "{J}", "keywords": {json}}}')]).jobs == []


def test_text_that_a_row_can_not_hold_is_replaced_and_numbers_keep_their_digits() -> None:
    (fact,) = facts_of([event_of(JobCreated(job_id=J))])
    written = '{"a\\u0000": "\\ud800", "b": [1.10, 2e3, "\\\\u0000"]}'
    (job,) = work_of(USER, [read_again(fact, f'{{"job_id": "{J}", "keywords": {written}}}')]).jobs

    assert isinstance(job.keywords, Raw)
    assert bytes(job.keywords) == '{"a\ufffd":"\ufffd","b":[1.10,2e3,"\\\\u0000"]}'.encode()


def test_what_was_in_the_log_before_an_erasure_is_gone() -> None:
    facts = facts_of(
        [
            event_of(CampaignCreated(campaign_id=C, name="Tea"), 9),
            event_of(PrivacyErased(), 5),
            event_of(CampaignCreated(campaign_id=A, name="New"), 1),
        ]
    )
    numbered = [replaced(fact, position) for position, fact in enumerate(facts, 1)]

    assert [row.id for row in work_of(USER, numbered).campaigns] == [A]


def test_a_job_is_its_owners_campaigns_alone() -> None:
    facts = facts_of(
        [event_of(JobCreated(job_id=J, campaign_id=C)), event_of(JobCreated(job_id=A, campaign_id=B))]
    )
    facts += facts_of([event_of(CampaignCreated(campaign_id=C, name="Tea"), 9)])

    jobs = {
        row["id"]: row["campaign_id"] for table, row in copied_rows(USER, facts) if table == "scraping_jobs"
    }

    assert jobs == {J: C, A: None}


def read_again(fact: Any, payload: str | None) -> Any:
    return read(
        at=fact.at,
        source=fact.source,
        event_type=fact.type,
        key=fact.key,
        event_id=fact.id,
        part=fact.part,
        position=fact.position,
        route_key=USER,
        payload=payload,
    )


def replaced(fact: Any, position: int) -> Any:
    return msgspec.structs.replace(fact, position=position)
