"""Lists of users."""

from typing import Any

import pytest
from psycopg import Connection

from queries.cursors import EventKey, event_cursor
from queries.errors import BadCursor
from queries.users import UserFilter, list_users
from tests.queries.counting import statements_of
from tests.queries.users import AT, add_user, link

EVERYBODY = UserFilter()


def test_pages_show_everybody_once(conn: Connection[Any]) -> None:
    user_ids = {f"user_{n}" for n in range(7)}
    for user_id in user_ids:
        add_user(conn, user_id)

    seen: list[str] = []
    after: str | None = None
    for expected in (3, 3, 1):
        page = list_users(conn, EVERYBODY, limit=3, after=after)
        assert len(page.items) == expected
        seen += [row["user_id"] for row in page.items]
        after = page.next

    assert after is None
    assert sorted(seen) == sorted(user_ids)


def test_a_full_last_page_has_no_next(conn: Connection[Any]) -> None:
    add_user(conn, "user_1")
    add_user(conn, "user_2")

    assert list_users(conn, EVERYBODY, limit=2).next is None
    assert list_users(conn, EVERYBODY, limit=1).next is not None


@pytest.mark.parametrize(
    "filters",
    [
        UserFilter(email="B@example.com"),
        UserFilter(stripe_customer_id="cus_b"),
        UserFilter(subscription_status="active"),
        UserFilter(trial_status="converted"),
        UserFilter(email="b@example.com", subscription_status="active", trial_status="converted"),
    ],
)
def test_each_filter_finds_its_user(conn: Connection[Any], filters: UserFilter) -> None:
    add_user(conn, "user_a", users={"email": "a@example.com"})
    add_user(
        conn,
        "user_b",
        users={"email": "b@example.com"},
        user_subscriptions={"subscription_status": "active", "trial_status": "converted"},
    )
    link(conn, "cus_b", "user_b")

    page = list_users(conn, filters, limit=10)

    assert [row["user_id"] for row in page.items] == ["user_b"]


def test_filters_narrow_together(conn: Connection[Any]) -> None:
    add_user(conn, "user_a", user_subscriptions={"subscription_status": "active"})

    page = list_users(conn, UserFilter(subscription_status="active", trial_status="expired"), limit=10)

    assert page.items == []


def test_a_page_is_one_statement(conn: Connection[Any], monkeypatch: pytest.MonkeyPatch) -> None:
    for n in range(5):
        add_user(conn, f"user_{n}")

    with statements_of(conn, monkeypatch) as sent:
        assert len(list_users(conn, EVERYBODY, limit=5).items) == 5

    assert len(sent) == 1


@pytest.mark.parametrize(
    "cursor",
    ["", "x", "!!!!", "é", "A" * 23, "A" * 500, event_cursor(EventKey(AT, 1, 1)), "' OR 1"],
)
def test_a_cursor_of_somebody_else_is_refused(conn: Connection[Any], cursor: str) -> None:
    with pytest.raises(BadCursor):
        list_users(conn, EVERYBODY, limit=1, after=cursor)
