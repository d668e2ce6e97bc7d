"""Campaigns: made within the limit, forward only, one's own, once a key, against the version read."""

from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import replace
from threading import Barrier

import pytest

from database.pool import Connection, connect
from events.append import append
from events.domain.platform import CampaignUpdated
from handlers.campaigns import NewCampaign, create_campaign, move_campaign, update_campaign
from handlers.errors import IdempotencyConflict, LimitExceeded, UserDeleted, UserQuarantined, UserUnknown
from handlers.platform_errors import HistoryStopped, NotTheirs, VersionConflict, WrongState
from tests.handlers.commands import ADA, BOB, a_campaign, command, id_of, only
from tests.handlers.users import joined, row, sold, tell, types_of
from tests.projections.event_builders import clerk, instant, user
from tests.projections.projecting import event_of

STATUS = "SELECT status FROM campaigns WHERE id = %s"


@pytest.fixture(autouse=True)
def people(conn: Connection) -> None:
    tell(conn, *sold(campaigns=2), *joined(ADA, BOB))


def test_a_campaign_is_there_at_once(conn: Connection) -> None:
    decided = create_campaign(conn, command(), NewCampaign(name="Tea", search_type="tiktok-keyword"))

    assert decided.answer == {"id": str(id_of(decided)), "version": 1, "status": "draft"}
    rows = conn.execute("SELECT user_id, name, search_type, status, version FROM campaigns").fetchall()
    assert rows == [(ADA, "Tea", "tiktok-keyword", "draft", 1)]
    assert row(conn, ADA)["usage_campaigns_current"] == 1


def test_a_campaign_over_the_limit_is_refused_and_nothing_is_written(conn: Connection) -> None:
    for _ in range(2):
        a_campaign(conn)
        conn.commit()
    before = only(conn, "SELECT count(*) FROM events")

    with pytest.raises(LimitExceeded) as refused:
        a_campaign(conn)
    conn.rollback()

    assert refused.value.remaining == 0
    assert "expected no more, with" in str(refused.value)
    assert only(conn, "SELECT count(*) FROM events") == before
    assert only(conn, "SELECT count(*) FROM campaigns") == 2


def test_an_archived_campaign_frees_its_place(conn: Connection) -> None:
    first = a_campaign(conn)
    conn.commit()
    a_campaign(conn)
    conn.commit()
    move_campaign(conn, command(), first, "archive")
    conn.commit()

    a_campaign(conn)

    assert row(conn, ADA)["usage_campaigns_current"] == 2


def test_twenty_at_once_never_pass_the_limit(conn: Connection, conninfo: str) -> None:
    gate = Barrier(20)

    def client(number: int) -> str:
        with closing(connect(conninfo, application_name="clash", statement_timeout_s=60)) as own:
            gate.wait()
            try:
                create_campaign(own, command(key=f"c{number}"), NewCampaign(name="Tea"))
                own.commit()
            except LimitExceeded:
                own.rollback()
                return "refused"
            return "made"

    with ThreadPoolExecutor(20) as threads:
        answers = Counter(threads.map(client, range(20)))

    assert answers == {"made": 2, "refused": 18}
    assert only(conn, "SELECT count(*) FROM campaigns") == 2


def test_the_same_key_makes_one_campaign_and_gives_one_answer(conn: Connection) -> None:
    first = create_campaign(conn, command(key="k"), NewCampaign(name="Tea"))
    conn.commit()
    move_campaign(conn, command(), id_of(first), "activate")
    conn.commit()

    again = create_campaign(conn, command(key="k"), NewCampaign(name="Tea"))

    assert (again.repeated, again.answer, again.event_id) == (True, first.answer, first.event_id)
    assert only(conn, "SELECT count(*) FROM campaigns") == 1


def test_the_same_key_for_another_request_is_a_conflict(conn: Connection) -> None:
    create_campaign(conn, command(key="k", request={"name": "Tea"}), NewCampaign(name="Tea"))
    conn.commit()

    with pytest.raises(IdempotencyConflict):
        create_campaign(conn, command(key="k", request={"name": "Gin"}), NewCampaign(name="Gin"))


@pytest.mark.parametrize(
    ("steps", "refused", "allowed"),
    [
        ((), "complete", ["active"]),
        (("activate",), "activate", ["draft"]),
        (("activate", "complete"), "activate", ["draft"]),
        (("archive",), "activate", ["draft"]),
        (("archive",), "archive", ["draft", "active", "completed"]),
    ],
)
def test_a_step_out_of_turn_is_refused_and_says_why(
    conn: Connection, steps: tuple[str, ...], refused: str, allowed: list[str]
) -> None:
    campaign_id = a_campaign(conn)
    for step in steps:
        conn.commit()
        move_campaign(conn, command(), campaign_id, step)  # type: ignore[arg-type]  # parameters are steps
    conn.commit()
    before = only(conn, STATUS, campaign_id)

    with pytest.raises(WrongState) as why:
        move_campaign(conn, command(), campaign_id, refused)  # type: ignore[arg-type]  # as above
    conn.rollback()

    assert (why.value.state, why.value.allowed) == (before, allowed)
    assert only(conn, STATUS, campaign_id) == before


def test_an_archived_campaign_is_not_changed_any_more(conn: Connection) -> None:
    campaign_id = a_campaign(conn)
    conn.commit()
    move_campaign(conn, command(), campaign_id, "archive")
    conn.commit()

    with pytest.raises(WrongState):
        update_campaign(conn, command(), campaign_id, {"name": "Gin"})


def test_who_read_an_older_version_is_told(conn: Connection) -> None:
    campaign_id = a_campaign(conn)
    conn.commit()
    update_campaign(conn, command(), campaign_id, {"name": "Gin"}, version=1)
    conn.commit()

    with pytest.raises(VersionConflict) as why:
        update_campaign(conn, command(), campaign_id, {"name": "Rum"}, version=1)

    assert (why.value.expected, why.value.found) == (1, 2)


def test_of_two_who_read_one_version_one_wins(conn: Connection, conninfo: str) -> None:
    campaign_id = a_campaign(conn)
    conn.commit()
    gate = Barrier(8)

    def client(number: int) -> str:
        with closing(connect(conninfo, application_name="clash", statement_timeout_s=60)) as own:
            gate.wait()
            try:
                update_campaign(own, command(), campaign_id, {"name": f"n{number}"}, version=1)
                own.commit()
            except VersionConflict:
                own.rollback()
                return "late"
            return "won"

    with ThreadPoolExecutor(8) as threads:
        assert Counter(threads.map(client, range(8))) == {"won": 1, "late": 7}


def test_nobody_touches_anothers(conn: Connection) -> None:
    campaign_id = a_campaign(conn)
    conn.commit()

    with pytest.raises(NotTheirs):
        update_campaign(conn, command(BOB), campaign_id, {"name": "Gin"})
    conn.rollback()
    with pytest.raises(NotTheirs):
        move_campaign(conn, command(BOB), campaign_id, "archive")


def test_the_events_are_filed_under_the_campaign(conn: Connection) -> None:
    campaign_id = a_campaign(conn)

    rows = conn.execute(
        "SELECT route_key, aggregate_type FROM events WHERE aggregate_id = %s", [str(campaign_id)]
    ).fetchall()
    assert rows == [(ADA, "campaign")]
    assert types_of(conn, ADA) == ["campaign.created"]


def test_no_campaign_for_a_stranger_or_who_was_deleted(conn: Connection) -> None:
    tell(conn, clerk("user.deleted", {"id": BOB, "deleted": True}, at=60))

    with pytest.raises(UserUnknown):
        a_campaign(conn, "user_x")
    conn.rollback()
    with pytest.raises(UserDeleted):
        a_campaign(conn, BOB)


def test_a_history_that_stops_can_not_be_counted_on_but_work_goes_on(conn: Connection) -> None:
    campaign_id = a_campaign(conn)
    conn.commit()
    tell(conn, clerk("user.updated", user(ADA) | {"email_addresses": 7}, at=60))

    with pytest.raises(UserQuarantined):
        a_campaign(conn)
    conn.rollback()
    move_campaign(conn, command(), campaign_id, "activate")
    conn.commit()

    assert only(conn, STATUS, campaign_id) == "active"


def test_a_campaign_that_stopped_says_at_which_event_and_its_user_goes_on(conn: Connection) -> None:
    campaign_id = a_campaign(conn)
    conn.commit()
    later = event_of(CampaignUpdated(campaign_id=campaign_id, name="x"), 20 * 86_400, user=ADA)
    event = append(conn, replace(later, payload=f'{{"campaign_id": "{campaign_id}", "name": 7}}'))
    tell(conn)

    with pytest.raises(HistoryStopped) as why:
        update_campaign(conn, command(now=instant(21 * 86_400)), campaign_id, {"name": "Gin"})
    conn.rollback()

    assert why.value.event_id == event.id
    assert not row(conn, ADA)["stale"]
    a_campaign(conn)
