"""Hosts whose clocks differ: a decision takes effect after everything that its decider could see."""

from dataclasses import replace
from datetime import datetime, timedelta
from uuid import uuid4

import pytest

from database.pool import Connection
from events.append import append
from events.domain.user import TrialStarted
from handlers.decision import Command
from handlers.entitlements import grant_plan, revoke_plan
from handlers.errors import LimitExceeded
from handlers.links import link_customer
from handlers.profile import change_profile
from handlers.scheduled_scans import expire_trials, reset_usage
from handlers.usage import MeteredUsage, UsageCommand, record_usage
from tests.handlers.users import DAY, NOW, joined, project, row, sold, tell, types_of
from tests.projections import event_builders

ADA, BEA = "user_ada", "user_bea"
LAST = datetime.max.replace(tzinfo=NOW.tzinfo)
AHEAD = [timedelta(microseconds=1), timedelta(seconds=40), timedelta(days=40), timedelta(days=4000)]


@pytest.fixture(autouse=True)
def people(conn: Connection) -> None:
    tell(conn, *sold(campaigns=3, creators=50), *joined(ADA, BEA))


def industry(conn: Connection, value: str, now: datetime) -> None:
    change_profile(conn, command(now), {"industry": value})
    conn.commit()


def command(now: datetime, user_id: str = ADA) -> Command:
    return Command(user_id=user_id, key=uuid4().hex, request={}, now=now, actor="test", reason="r")


def use(conn: Connection, quantity: int, now: datetime) -> int:
    """How many creators are counted then."""
    usage = MeteredUsage(metric="creators", quantity=quantity)
    counted = record_usage(
        conn, UsageCommand(user_id=ADA, usage=usage, key=uuid4().hex, now=now, actor="test")
    )
    conn.commit()
    return counted.used["creators"]


@pytest.mark.parametrize("ahead", AHEAD)
@pytest.mark.parametrize("is_projected", [True, False])
def test_a_profile_changes_though_another_hosts_clock_was_ahead(
    conn: Connection, ahead: timedelta, is_projected: bool
) -> None:
    industry(conn, "from ahead", NOW + ahead)
    if is_projected:
        project(conn)

    industry(conn, "from behind", NOW)

    project(conn)
    assert row(conn, ADA)["industry"] == "from behind"


@pytest.mark.parametrize("ahead", AHEAD)
def test_a_grant_is_taken_back_though_another_hosts_clock_was_ahead(
    conn: Connection, ahead: timedelta
) -> None:
    grant_plan(conn, command(NOW + ahead), "glow_up")
    conn.commit()

    revoke_plan(conn, command(NOW))
    conn.commit()

    assert row(conn, ADA)["current_plan"] == "free"


def test_a_customer_changes_hands_though_the_first_hosts_clock_was_ahead(conn: Connection) -> None:
    link_customer(conn, command(NOW + timedelta(seconds=50)), "cus_x")
    conn.commit()

    link_customer(conn, command(NOW, BEA), "cus_x")
    conn.commit()

    assert row(conn, BEA)["stripe_customer_id"] == "cus_x"
    assert row(conn, ADA)["stripe_customer_id"] is None


@pytest.mark.parametrize("ahead", AHEAD)
def test_a_limit_is_never_passed_whatever_the_clocks_say(conn: Connection, ahead: timedelta) -> None:
    use(conn, 1, NOW)
    use(conn, 1, NOW + ahead)
    use(conn, 48, NOW)

    with pytest.raises(LimitExceeded):
        use(conn, 2, NOW)


def test_an_event_dated_ahead_ends_nothing_early(conn: Connection) -> None:
    tell(
        conn,
        event_builders.own(
            TrialStarted(starts_at=NOW - DAY, ends_at=NOW + 5 * DAY), at=8 * event_builders.DAY
        ),
    )
    industry(conn, "from ahead", NOW + 40 * DAY)
    project(conn)

    expire_trials(conn, NOW)
    reset_usage(conn, NOW)

    assert row(conn, ADA)["trial_status"] == "active"
    assert {"trial.expired", "usage.reset"}.isdisjoint(types_of(conn, ADA))


def test_a_providers_event_of_the_last_instant_stops_no_decision(conn: Connection) -> None:
    event = event_builders.clerk("user.updated", event_builders.user(ADA))
    append(conn, replace(event, occurred_at=LAST))
    project(conn)

    industry(conn, "still changes", NOW)
    assert use(conn, 3, NOW) == 3
    project(conn)

    assert row(conn, ADA)["industry"] == "still changes"
