"""How subscriptions stood day by day, and how much there is of everything."""

from datetime import date, datetime, timedelta
from typing import Any

import pytest
from psycopg import Connection

from events.append import append_all
from events.envelope import NewEvent
from queries.overview import appended, attention, bucketed, status_series, statuses_of, trial_funnel
from tests.handlers.users import project
from tests.projections import event_builders
from tests.projections.event_builders import DAY, instant

TODAY = date(2026, 1, 10)
DAYS = [TODAY - timedelta(days=back) for back in (2, 1, 0)]


def subscribed(status: str, *, at: float, kind: str = "updated", sub: str = "sub_ada") -> NewEvent:
    """One snapshot of a subscription."""
    subscription: dict[str, Any] = {  # Any: JSON
        "id": sub,
        "object": "subscription",
        "customer": event_builders.CUSTOMER,
        "status": status,
        "created": event_builders.START,
        "metadata": {"userId": event_builders.USER},
        "items": {"data": []},
    }
    return event_builders.stripe(f"customer.subscription.{kind}", subscription, at=at)


def test_status_that_ranks_highest_speaks_for_the_user() -> None:
    by_day = {"sub_1": {DAYS[0]: "active"}, "sub_2": {DAYS[1]: "past_due", DAYS[2]: "canceled"}}

    assert statuses_of(by_day, DAYS) == ["active", "active", "active"]


def test_ended_subscription_stays_ended() -> None:
    by_day = {"sub_1": {DAYS[0]: "canceled", DAYS[1]: "active"}}

    assert statuses_of(by_day, DAYS) == ["canceled", "canceled", "canceled"]


def test_what_was_told_before_the_window_holds_in_it() -> None:
    by_day = {"sub_1": {DAYS[0] - timedelta(days=1): "trialing", DAYS[2]: "active"}}

    assert statuses_of(by_day, DAYS) == ["trialing", "trialing", "active"]


def test_series_follows_the_log_and_ends_at_the_tables(conn: Connection[Any]) -> None:
    events = [
        subscribed("trialing", at=0, kind="created"),
        subscribed("active", at=3 * DAY),
        subscribed("past_due", at=8 * DAY),
    ]
    append_all(conn, events[::-1])
    project(conn)

    series = status_series(conn, now=instant(9 * DAY), days=5)

    assert series.counts == {"active": [1, 1, 1, 0, 0], "past_due": [0, 0, 0, 1, 1]}


def test_who_did_nothing_in_the_window_had_one_status(conn: Connection[Any]) -> None:
    append_all(conn, [subscribed("active", at=0, kind="created")])
    project(conn)

    assert status_series(conn, now=instant(90 * DAY), days=3).counts == {"active": [1, 1, 1]}


def test_hostile_body_is_no_error(conn: Connection[Any]) -> None:
    """Of a linked customer, so that the statement reads it."""
    metadata = {"a\x00": "\ud800", "typed": r"\u0000 \\u0000"}
    odd = event_builders.subscription("past_due", id="sub_x", metadata=metadata)
    events = [
        subscribed("active", at=0, kind="created"),
        event_builders.stripe("customer.subscription.updated", odd, at=DAY),
    ]
    append_all(conn, events)
    project(conn)

    assert status_series(conn, now=instant(2 * DAY), days=3).counts["active"] == [1, 1, 1]


def test_empty_log_has_an_overview(conn: Connection[Any]) -> None:
    now = instant(0)

    assert status_series(conn, now=now, days=30).counts == {}
    assert trial_funnel(conn, since=now)["started"] == 0
    assert attention(conn)["events"] == 0
    assert appended(conn, since=now, until=now + timedelta(hours=1), width=timedelta(minutes=1)).total == 0


def test_buckets_have_zeros_where_nothing_was() -> None:
    since, width = datetime(2026, 1, 1), timedelta(minutes=1)  # noqa: DTZ001 - any clock will do

    buckets = bucketed(
        [(since + width, "a", 2), (since + 9 * width, "a", 5)], since, since + 3 * width, width
    )

    assert buckets.counts == {"a": [0, 2, 0]}


@pytest.mark.parametrize("days", [1, 365])
def test_series_is_as_long_as_asked(conn: Connection[Any], days: int) -> None:
    assert len(status_series(conn, now=instant(0), days=days).days) == days
