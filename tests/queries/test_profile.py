"""The flat profile."""

from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from psycopg import Connection
from psycopg.types.json import Jsonb

from queries.profile import (
    COLUMNS,
    profile,
    profile_by_customer,
    profiles_by_email,
)
from tests.queries.counting import statements_of
from tests.queries.users import AT, add_user, append_event, link, quarantine

USER_TABLES = ("users", "user_subscriptions", "user_billing", "user_usage", "user_system_data")


def test_profile_has_every_column_of_the_five_tables(conn: Connection[Any]) -> None:
    add_user(conn, "user_1")
    columns = conn.execute(
        "SELECT DISTINCT column_name::text FROM information_schema.columns WHERE table_name = ANY(%s)",
        [list(USER_TABLES)],
    ).fetchall()

    row = profile(conn, "user_1")

    assert row is not None
    assert set(row) == {name for (name,) in columns} | {"stale", "quarantine"}
    assert tuple(row) == (*COLUMNS, "stale", "quarantine")


def test_columns_that_clash_are_those_of_users(conn: Connection[Any]) -> None:
    add_user(conn, "user_1", user_usage={"updated_at": AT + timedelta(days=9)})

    row = profile(conn, "user_1")

    assert row is not None
    assert (row["user_id"], row["updated_at"]) == ("user_1", AT)


def test_profile_is_one_statement(conn: Connection[Any], monkeypatch: pytest.MonkeyPatch) -> None:
    add_user(conn, "user_1", users={"email": "a@example.com"})
    link(conn, "cus_1", "user_1")

    for ask in (
        lambda: profile(conn, "user_1"),
        lambda: profiles_by_email(conn, "a@example.com"),
        lambda: profile_by_customer(conn, "cus_1"),
    ):
        with statements_of(conn, monkeypatch) as sent:
            assert ask()
        assert len(sent) == 1


def test_email_is_found_in_any_case_and_may_be_shared(conn: Connection[Any]) -> None:
    add_user(conn, "user_new", users={"email": "Ada@Example.com", "created_at": AT})
    add_user(conn, "user_old", users={"email": "ada@example.com", "created_at": AT - timedelta(1)})

    rows = profiles_by_email(conn, "ADA@example.COM")

    assert [row["user_id"] for row in rows] == ["user_old", "user_new"]


def test_customer_is_found_by_its_link_not_only_as_the_paying_one(conn: Connection[Any]) -> None:
    add_user(conn, "user_1", user_billing={"stripe_customer_id": "cus_now"})
    link(conn, "cus_now", "user_1")
    link(conn, "cus_before", "user_1")

    row = profile_by_customer(conn, "cus_before")

    assert row is not None
    assert row["user_id"] == "user_1"


def test_unknown_is_none(conn: Connection[Any]) -> None:
    assert profile(conn, "user_x") is None
    assert profile_by_customer(conn, "cus_x") is None
    assert profiles_by_email(conn, "x@example.com") == []


def test_quarantined_user_is_marked_stale(conn: Connection[Any]) -> None:
    add_user(conn, "user_1")
    add_user(conn, "user_2")
    event = append_event(conn, "evt_bad")
    quarantine(conn, "user_1", event)

    stale, fresh = profile(conn, "user_1"), profile(conn, "user_2")

    assert stale is not None
    assert fresh is not None
    assert stale["stale"] is True
    assert stale["quarantine"] == {"event_id": str(event.id), "event_type": "clerk.user.updated"}
    assert (fresh["stale"], fresh["quarantine"]) == (False, None)


def test_instants_are_utc_whatever_the_session_says(conn: Connection[Any]) -> None:
    local = timezone(timedelta(hours=5, minutes=45))
    add_user(conn, "user_1", users={"created_at": datetime(2026, 1, 1, 5, 45, tzinfo=local)})
    conn.execute("SET TIME ZONE 'Asia/Kathmandu'")

    row = profile(conn, "user_1")

    assert row is not None
    assert row["created_at"] == datetime(2026, 1, 1, tzinfo=UTC)
    assert row["created_at"].utcoffset() == timedelta(0)


def test_json_columns_arrive_as_values(conn: Connection[Any]) -> None:
    add_user(conn, "user_1", user_usage={"plan_features": Jsonb({"exports": [1, 2]})})

    row = profile(conn, "user_1")

    assert row is not None
    assert row["plan_features"] == {"exports": [1, 2]}
