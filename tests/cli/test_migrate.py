"""`tenure migrate` says where the schema stands and moves it; the exit code tells scripts."""

import json
from typing import Any

import pytest

from database import migrations, rights
from database.migration_files import read
from database.pool import connect
from tests.installation import Tenure, as_url


@pytest.fixture
def fresh(tenure: Tenure, empty_database: Any, monkeypatch: pytest.MonkeyPatch) -> Tenure:
    """The command on a database without any migration."""
    monkeypatch.setenv("DATABASE_URL", as_url(empty_database.conninfo))
    return tenure


def _by_hand(conninfo: str) -> None:
    with connect(conninfo, application_name="test", autocommit=True) as conn:
        for file in read():
            for statements in file.concurrent or [file.body]:
                conn.execute(statements)


def test_status_is_exit_one_until_all_is_applied(fresh: Tenure) -> None:
    assert fresh("migrate", "status").exit_code == 1

    assert fresh("migrate", "up").exit_code == 0
    assert fresh("migrate", "status").exit_code == 0


def test_down_asks_first(tenure: Tenure) -> None:
    assert tenure("migrate", "down").exit_code == 1  # nobody answers
    assert tenure("migrate", "status").exit_code == 0

    assert tenure("migrate", "down", "--yes").exit_code == 0
    statuses = json.loads(tenure("migrate", "status", "--json").stdout)
    assert [one["state"] for one in statuses][-1] == "pending"


def test_schema_made_by_hand_is_adopted(fresh: Tenure, empty_database: Any) -> None:
    _by_hand(empty_database.conninfo)
    with connect(empty_database.conninfo, application_name="test") as conn:
        conn.execute("CREATE TABLE user_profiles (id int)")

    result = fresh("migrate", "baseline")

    assert result.exit_code == 0, result.stderr
    assert all(one.baseline for one in migrations.status(empty_database.conninfo))
    with connect(empty_database.conninfo, application_name="test") as conn:
        listed = rights.listed()
        assert listed is not None
        assert rights.differences(conn, listed) == []


def test_schema_that_differs_is_refused_by_name(fresh: Tenure, empty_database: Any) -> None:
    _by_hand(empty_database.conninfo)
    with connect(empty_database.conninfo, application_name="test") as conn:
        conn.execute("DROP INDEX users_email")

    result = fresh("migrate", "baseline")

    assert result.exit_code == 1
    assert "users_email is missing" in result.stderr
    assert fresh("migrate", "status").exit_code == 1


def test_unknown_target_is_one_line(tenure: Tenure) -> None:
    result = tenure("migrate", "up", "9999")

    assert result.exit_code == 1
    assert "no migration 9999" in result.stderr
