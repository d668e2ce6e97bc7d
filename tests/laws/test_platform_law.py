"""The law for the platform's tables: however events get into the log, and whatever batches they are
folded in, the rows are the fold of their set; so says a rebuild, and so says a replay."""

from collections.abc import Iterator
from itertools import count
from pathlib import Path
from random import Random
from typing import Any

import psycopg
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from events.append import append_all
from events.domain import DomainEvent
from events.domain import platform as own
from events.envelope import NewEvent
from events.statements import AnyConnection
from handlers.privacy import erase_person, plan_erasure
from handlers.scraping_jobs import record_results
from projections.projector import Projector
from projections.replay import compare, replay
from projections.replay.tables import REBUILT
from tests.databases import Server
from tests.handlers.commands import ADA, BOB, a_campaign, a_job, a_list, command
from tests.handlers.users import DAY, NOW, joined, project, sold, tell
from tests.laws.projected import runner, session
from tests.projections.event_builders import instant
from tests.projections.projecting import Rows, event_of, tables, uid
from tests.projections.replaying import options

TEXTS = st.sampled_from(["Tea", "", "N\x7f", "\\u0000", "\\N\t", "茶"])
JSON = st.sampled_from([None, {"a": {"b": [1.10, "\\u0000"]}, "n": 10**30}, ["fitness"], "x", {}])
AT = st.integers(0, 4)
SLOTS = st.integers(0, 1)
_numbers = count(1)


@st.composite
def histories(draw: st.DrawFn) -> list[NewEvent]:
    """Events of one user about few aggregates at few instants, in any order and often senseless."""
    user = f"user_law{next(_numbers)}"
    makers = draw(st.sampled_from([MAKERS, *([m for m in MAKERS if m[0] in k] for k in ("c", "cj", "l"))]))
    kind_of = st.sampled_from(makers)
    history = []
    for kind in ("c", "j", "l"):
        if any(maker[0] == kind for maker in makers):
            history += [draw(event(user, makers[[maker[0] for maker in makers].index(kind)]))]
    return history + [draw(event(user, draw(kind_of))) for _ in range(draw(st.integers(1, 25)))]


@st.composite
def event(draw: st.DrawFn, user: str, maker: Any) -> NewEvent:
    slot = draw(SLOTS)
    fact = maker[1](draw, {kind: uid(f"{kind}{slot}", user) for kind in ("c", "j", "l")}, user)
    return event_of(fact, draw(AT), user=user)


def _job_created(draw: Any, ids: Any, user: str) -> own.JobCreated:
    return own.JobCreated(
        job_id=ids["j"],
        campaign_id=draw(st.none() | st.just(uid(f"c{draw(SLOTS)}", user))),
        keywords=draw(JSON),
        search_params=draw(JSON),
        timeout_at=draw(st.none() | st.just(instant(3))),
    )


def _added(draw: Any, ids: Any, user: str) -> own.ListItemAdded:
    return own.ListItemAdded(
        list_id=ids["l"],
        item_id=_item_of(draw, ids),
        creator_id=f"c{draw(st.integers(0, 2))}",
        creator=draw(JSON),
        notes=draw(st.none() | TEXTS),
    )


def _item_of(draw: Any, ids: Any) -> Any:
    return uid(f"item{draw(st.integers(0, 4))}of{ids['l']}")


def _archived(draw: Any, ids: Any, user: str) -> DomainEvent:
    if draw(st.integers(0, 4)) == 0:
        return own.ListDeleted(list_id=ids["l"])
    return own.ListArchived(list_id=ids["l"])


MAKERS: list[tuple[str, Any]] = [
    ("c", lambda d, i, _: own.CampaignCreated(campaign_id=i["c"], name=d(TEXTS))),
    ("c", lambda d, i, _: own.CampaignUpdated(campaign_id=i["c"], name=d(TEXTS))),
    ("c", lambda d, i, _: own.CampaignUpdated(campaign_id=i["c"], description=d(st.none() | TEXTS))),
    ("c", lambda _, i, __: own.CampaignActivated(campaign_id=i["c"])),
    ("c", lambda _, i, __: own.CampaignCompleted(campaign_id=i["c"])),
    ("c", lambda _, i, __: own.CampaignArchived(campaign_id=i["c"])),
    ("j", _job_created),
    ("j", lambda d, i, _: own.JobStarted(job_id=i["j"], run_id=d(st.sampled_from([None, "r"])))),
    ("j", lambda d, i, _: own.JobProgressed(job_id=i["j"], cursor=d(AT), progress_basis_points=d(AT) * 111)),
    ("j", lambda d, i, _: own.JobResultsRecorded(job_id=i["j"], result_id=i["j"], count=d(AT), digest="d")),
    ("j", lambda _, i, __: own.JobCompleted(job_id=i["j"])),
    ("j", lambda d, i, _: own.JobFailed(job_id=i["j"], error=d(TEXTS))),
    ("j", lambda d, i, _: own.JobTimedOut(job_id=i["j"], timeout_at=instant(d(st.integers(3, 4))))),
    ("l", lambda d, i, _: own.ListCreated(list_id=i["l"], name=d(TEXTS), tags=("a", "b,{"))),
    ("l", lambda d, i, _: own.ListUpdated(list_id=i["l"], tags=d(st.none() | st.just(("x",))))),
    ("l", _archived),
    ("l", lambda _, i, __: own.ListRestored(list_id=i["l"])),
    ("l", _added),
    ("l", _added),
    ("l", _added),
    ("l", lambda d, i, u: own.ListItemUpdated(list_id=i["l"], item_id=_item_of(d, i), pinned=True)),
    (
        "l",
        lambda d, i, u: own.ListItemRemoved(
            list_id=i["l"],
            item_id=_item_of(d, i),
        ),
    ),
]


@pytest.fixture(scope="module")
def shared(server: Server, template: str) -> Iterator[str]:
    database = server.database(template)
    yield database.conninfo
    database.drop()


def projected_rows(conn: AnyConnection, events: list[NewEvent], random: Random, user: str) -> Rows:
    """The rows after those events came in any order and were folded in any batches."""
    order = list(events)
    random.shuffle(order)
    while order:
        size = random.choice((1, 2, 5, 40))
        with conn.transaction():
            append_all(conn, order[:size])
        del order[:size]
        if random.random() < 0.7:
            _project(conn, random.choice((1, 3, 500)))
    while _project(conn, random.choice((2, 500))):
        pass
    return tables(conn, [user])


def _project(conn: AnyConnection, limit: int) -> int:
    with conn.transaction():
        return Projector().project(conn, parts=64, limit=limit).events


@settings(max_examples=100)
@given(history=histories(), seed=st.integers(0, 2**32))
def test_any_order_and_batching_gives_what_a_rebuild_gives(
    shared: str, history: list[NewEvent], seed: int
) -> None:
    user = history[0].route_key
    with session(shared) as conn:
        live = projected_rows(conn, history, Random(seed), user)
        with conn.transaction():
            Projector().retry(conn, [user])

        assert tables(conn, [user]) == live


CREATED = own.CampaignCreated(campaign_id=uid("c"), name="Tea")
BOTH = [
    (CREATED, 0, own.CampaignUpdated(campaign_id=uid("c"), name="a"), 1),
    (CREATED, 1, own.CampaignArchived(campaign_id=uid("c")), 1),
    (own.CampaignCompleted(campaign_id=uid("c")), 2, own.CampaignActivated(campaign_id=uid("c")), 2),
    (own.CampaignArchived(campaign_id=uid("c")), 3, own.CampaignUpdated(campaign_id=uid("c"), name="b"), 2),
]


@pytest.mark.parametrize("pair", BOTH, ids=["creation first", "a tie", "another tie", "late"])
def test_whichever_of_two_comes_first_the_row_is_the_same(conninfo: str, pair: Any) -> None:
    """Each is projected before the next comes."""
    one, one_at, other, other_at = pair
    rows = []
    for number, order in enumerate(((0, 1), (1, 0))):
        user = f"user_{number}"
        told_of = [event_of(one, one_at, user=user), event_of(other, other_at, user=user)]
        first = [] if one is CREATED else [event_of(CREATED, user=user)]
        with session(conninfo) as conn:
            conn.execute("DELETE FROM campaigns")  # the same id, and now another owner
            for new_event in (*first, *(told_of[index] for index in order)):
                append_all(conn, [new_event])
                _project(conn, 500)
            rows.append(tables(conn, [user])["campaigns"][0] | {"user_id": ""})

    assert rows[0] == rows[1]


def test_a_replay_gives_the_same_rows(shared: str, tmp_path: Path) -> None:
    """After the examples above: all of them at once."""
    comparison = compare(shared, options=options(tmp_path))

    assert comparison.differences == []
    assert replay(shared, options=options(tmp_path)).rows["list_items"] > 0
    assert compare(shared, options=options(tmp_path)).equal


def test_results_outlive_a_replay(conninfo: str, tmp_path: Path) -> None:
    job = uid("job")
    with psycopg.connect(conninfo, autocommit=True) as conn:
        append_all(conn, [event_of(own.JobCreated(job_id=job))])
        runner(conninfo).drain()
        conn.execute("INSERT INTO scraping_results VALUES (gen_random_uuid(), %s, '[]', 0, '', now())", [job])
        replay(conninfo, options=options(tmp_path))

        assert conn.execute("SELECT count(*) FROM scraping_results").fetchone() == (1,)
        conn.execute("DELETE FROM users")
        assert conn.execute("SELECT count(*) FROM scraping_results").fetchone() == (0,)


def test_an_erased_persons_work_is_gone_with_its_results(conninfo: str, tmp_path: Path) -> None:
    with psycopg.connect(conninfo) as conn:
        tell(conn, *sold(), *joined(ADA, BOB))
        for user in (ADA, BOB):
            a_campaign(conn, user)
            conn.commit()
            record_results(conn, command(user), a_job(conn, user), [{"name": "Lee"}])
            conn.commit()
            a_list(conn, user)
            conn.commit()
        kept = tables(conn, [BOB])
        erase_person(conn, plan_erasure(conn, ADA), now=NOW + DAY, actor="test", reason="ticket 7")
        project(conn)

        assert not any(tables(conn, [ADA]).values())
        assert tables(conn, [BOB]) == kept
        assert conn.execute("SELECT count(*) FROM scraping_results").fetchone() == (1,)
    assert compare(conninfo, options=options(tmp_path)).differences == []


def test_check_can_look_at_one_users_work(conninfo: str, tmp_path: Path) -> None:
    with psycopg.connect(conninfo, autocommit=True) as conn:
        for user in ("user_a", "user_b"):
            mine = uid("c", user)
            append_all(conn, [event_of(own.CampaignCreated(campaign_id=mine, name="Tea"), user=user)])
        runner(conninfo).drain()
        conn.execute("UPDATE campaigns SET name = 'Coffee'")

    differences = compare(conninfo, options=options(tmp_path), user_id="user_a").differences

    assert [(difference.table, difference.user_id, difference.column) for difference in differences] == [
        ("campaigns", "user_a", "name")
    ]


def test_all_tables_but_the_results_are_rebuilt() -> None:
    assert {"campaigns", "scraping_jobs", "creator_lists", "list_items"} < set(REBUILT)
    assert "scraping_results" not in REBUILT
