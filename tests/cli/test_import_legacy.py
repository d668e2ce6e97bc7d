"""`tenure import legacy`: what the old tables knew is how everybody's history begins."""

import json
from collections.abc import Iterator
from typing import Any

import pytest

from database.pool import connect
from tests.cli.drizzle import OLD_ROWS, OLD_TABLES, PROFILES
from tests.databases import Server
from tests.installation import Tenure, as_url, project


@pytest.fixture
def old(server: Server) -> Iterator[str]:
    """An empty database of the old platform."""
    database = server.database()
    yield database.conninfo
    database.drop()


def made_by_hand(conninfo: str, *statements: str) -> str:
    with connect(conninfo, application_name="test", autocommit=True) as conn:
        for statement in statements:
            conn.execute(statement.encode())
    return as_url(conninfo)


def imported(tenure: Tenure, url: str, *options: str) -> dict[str, Any]:  # Any: JSON values
    report: dict[str, Any] = json.loads(tenure("import", "legacy", url, "--json", *options).stdout)
    return report


def shown(tenure: Tenure, user: str) -> dict[str, Any]:  # Any: JSON values
    profile: dict[str, Any] = json.loads(tenure("user", "show", user, "--json").stdout)
    return profile


def test_five_tables_become_the_beginning_of_each_history(tenure: Tenure, conninfo: str, old: str) -> None:
    report = imported(tenure, made_by_hand(old, OLD_TABLES, OLD_ROWS))
    project(conninfo)

    assert (report["users"], report["appended"], report["refused"]) == (3, 2, 1)
    assert report["refusals"] == [{"user": "not-a-clerk-id", "why": "expected a Clerk id (user_…)"}]
    assert report["columns_not_taken"] == ["email_schedule_status"]
    ada = shown(tenure, "cus_ada")
    expected = {
        "email": "ada@example.com",
        "business_name": "Ada's",
        "is_admin": True,
        "current_plan": "glow_up",
        "subscription_status": "active",
        "trial_status": "converted",
        "card_last4": "4242",
        "usage_creators_current_month": 12,
        "signup_timestamp": "2025-03-01T10:00:00Z",
        "created_at": "2025-07-01T12:30:00.500000Z",  # the latest word of any table, UTC
    }
    assert {name: ada[name] for name in expected} == expected
    assert shown(tenure, "user_bob")["business_name"] is None


def test_a_second_run_appends_nothing_and_a_changed_row_changes_nothing(
    tenure: Tenure, conninfo: str, old: str
) -> None:
    url = made_by_hand(old, OLD_TABLES, OLD_ROWS)
    imported(tenure, url)
    made_by_hand(old, "UPDATE users SET full_name = 'Bobby' WHERE user_id = 'user_bob'")

    report = imported(tenure, url)

    assert (report["appended"], report["known_already"], report["changed_since"]) == (0, 1, 1)
    project(conninfo)
    assert shown(tenure, "user_bob")["full_name"] is None


def test_an_erased_user_is_not_imported_again(tenure: Tenure, conninfo: str, old: str) -> None:
    url = made_by_hand(old, OLD_TABLES, OLD_ROWS)
    imported(tenure, url)
    project(conninfo)
    erased = tenure("privacy", "erase", "user_ada", "--reason", "ticket 12", "--yes")

    again = imported(tenure, url)

    assert erased.exit_code == 0
    assert again["appended"] == 0
    assert {"user": "user_ada", "why": "erased here: nothing about them is imported again"} in again[
        "refusals"
    ]
    assert "ada@example.com" not in tenure("user", "show", "user_ada", "--json").stdout


def test_one_wide_table_in_camel_case(tenure: Tenure, conninfo: str, old: str) -> None:
    report = imported(tenure, made_by_hand(old, PROFILES))
    project(conninfo)

    assert report["columns_not_taken"] == ["favourite_colour"]
    assert report["refusals"][0]["user"] == "user_bob"
    assert "card_exp_month" in report["refusals"][0]["why"]
    ada = shown(tenure, "user_ada")
    assert (ada["trial_status"], ada["trial_end_date"]) == ("active", "2099-01-01T00:00:00Z")
    assert ada["current_plan"] == "viral_surge"


def test_a_dry_run_appends_nothing(tenure: Tenure, conninfo: str, old: str) -> None:
    report = imported(tenure, made_by_hand(old, OLD_TABLES, OLD_ROWS), "--dry-run")

    assert (report["users"], report["appended"], report["refused"]) == (3, 0, 1)
    with connect(conninfo, application_name="test") as conn:
        assert conn.execute("SELECT count(*) FROM events").fetchone() == (0,)


def test_live_tables_are_what_a_replay_gives(tenure: Tenure, conninfo: str, old: str) -> None:
    imported(tenure, made_by_hand(old, OLD_TABLES, OLD_ROWS))
    project(conninfo)

    assert tenure("replay", "--check", "--workers", "1").exit_code == 0


def test_explain_names_the_import(tenure: Tenure, conninfo: str, old: str) -> None:
    imported(tenure, made_by_hand(old, OLD_TABLES, OLD_ROWS))
    project(conninfo)

    explanation = json.loads(tenure("user", "explain", "user_ada", "current_plan", "--json").stdout)

    assert (explanation["event_type"], "before the log began" in explanation["rule"]) == (
        "legacy.imported",
        True,
    )


def test_tenures_own_tables_are_no_source(tenure: Tenure, conninfo: str) -> None:
    result = tenure("import", "legacy", as_url(conninfo))

    assert (result.exit_code, "contains Tenure's own tables" in result.stderr) == (1, True)


def test_an_empty_source_is_refused(tenure: Tenure, old: str) -> None:
    result = tenure("import", "legacy", as_url(old))

    assert (result.exit_code, "neither users nor user_profiles" in result.stderr) == (1, True)


def test_a_route_of_ours_is_no_user(tenure: Tenure, conninfo: str, old: str) -> None:
    url = made_by_hand(
        old, OLD_TABLES, "INSERT INTO users (user_id) VALUES ('catalog'), ('system'), ('user_a b')"
    )

    assert imported(tenure, url)["refused"] == 3
