"""`tenure migrate baseline`: a schema made by hand is adopted, or refused column by column."""

import json
from typing import Any

import pytest

from database import migrations
from database.migration_files import read
from database.pool import connect
from tests.cli.drizzle import OLD_ROWS, OLD_TABLES
from tests.installation import Tenure, as_url, project


@pytest.fixture
def fresh(tenure: Tenure, empty_database: Any, monkeypatch: pytest.MonkeyPatch) -> Tenure:
    """The command on a database without any migration."""
    monkeypatch.setenv("DATABASE_URL", as_url(empty_database.conninfo))
    return tenure


def did(conninfo: str, *statements: str) -> None:
    with connect(conninfo, application_name="test", autocommit=True) as conn:
        for statement in statements:
            conn.execute(statement.encode())


def as_migrated(conninfo: str) -> None:
    with connect(conninfo, application_name="test", autocommit=True) as conn:
        for file in read():
            for statements in file.concurrent or [file.body]:
                conn.execute(statements)


def refused(tenure: Tenure) -> list[dict[str, str]]:
    result = tenure("migrate", "baseline", "--json")
    assert result.exit_code == 1
    differences: list[dict[str, str]] = json.loads(result.stdout)
    return differences


def test_drizzles_tables_are_refused_column_by_column(fresh: Tenure, empty_database: Any) -> None:
    did(empty_database.conninfo, OLD_TABLES)

    differences = refused(fresh)

    by_place = {(one["table"], one["what"]): one for one in differences}
    assert by_place["events", "table"]["found"] == "missing"
    step = by_place["users", "column onboarding_step"]
    assert step["expected"] == "text NOT NULL"
    assert step["found"].startswith("character varying(50) NOT NULL default 'pending'")
    difference = by_place["users", "column created_at"]
    assert difference["mend"] == (
        "ALTER TABLE users ALTER created_at TYPE timestamp with time zone "
        "USING created_at AT TIME ZONE 'UTC', ALTER created_at DROP DEFAULT"
    )
    assert by_place["users", "column deleted_at"]["found"] == "missing"
    assert {one.state for one in migrations.status(empty_database.conninfo)} == {"pending"}


def test_the_refusal_is_one_line_that_names_the_first_column(fresh: Tenure, empty_database: Any) -> None:
    did(empty_database.conninfo, OLD_TABLES)

    lines = fresh("migrate", "baseline").stderr.strip().splitlines()

    assert len(lines) == 1
    assert "columns" in lines[0]
    assert "campaigns column" in lines[0]
    assert "--set-aside legacy" in lines[0]


def test_a_schema_is_adopted_once_what_was_named_is_mended(fresh: Tenure, empty_database: Any) -> None:
    conninfo = empty_database.conninfo
    as_migrated(conninfo)
    did(
        conninfo,
        "ALTER TABLE users ALTER created_at TYPE timestamp USING created_at AT TIME ZONE 'UTC'",
        "ALTER TABLE users ALTER industry TYPE varchar(80)",
        "ALTER TABLE user_billing ALTER card_last4 SET DEFAULT '0000'",
        "ALTER TABLE user_usage ALTER usage_reset_date DROP NOT NULL",
    )
    differences = refused(fresh)
    assert {(one["table"], one["what"]) for one in differences} == {
        ("users", "column created_at"),
        ("users", "column industry"),
        ("user_billing", "column card_last4"),
        ("user_usage", "column usage_reset_date"),
    }

    did(conninfo, *(one["mend"] for one in differences))

    assert fresh("migrate", "baseline").exit_code == 0
    assert all(one.baseline for one in migrations.status(conninfo))


def test_old_tables_are_set_aside_and_their_users_imported(fresh: Tenure, empty_database: Any) -> None:
    """The whole way from a Supabase database made from the seed to one that Tenure runs."""
    conninfo = empty_database.conninfo
    did(conninfo, OLD_TABLES, OLD_ROWS, "CREATE TABLE user_profiles (id int)")
    refused(fresh)

    moved = fresh("migrate", "baseline", "--set-aside", "legacy")
    assert (moved.exit_code, "moved to legacy: campaigns, user_billing" in moved.stdout) == (0, True)
    summary = json.loads(fresh("import", "legacy", as_url(conninfo), "--schema", "legacy", "--json").stdout)
    project(conninfo)

    assert summary["appended"] == 2
    assert json.loads(fresh("user", "show", "user_ada", "--json").stdout)["current_plan"] == "glow_up"
    with connect(conninfo, application_name="test") as conn:
        assert conn.execute("SELECT count(*) FROM legacy.users").fetchone() == (3,)
        assert conn.execute("SELECT to_regclass('public.user_profiles') IS NOT NULL").fetchone() == (True,)


def test_tenures_own_tables_are_never_set_aside(tenure: Tenure) -> None:
    result = tenure("migrate", "baseline", "--set-aside", "legacy")

    assert (result.exit_code, "Tenure's own" in result.stderr) == (1, True)
