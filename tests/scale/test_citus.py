"""`tenure scale citus`: the plan, and what is refused by name."""

import json
from typing import Any

import psycopg
import pytest

from cli.scale.layout import DISTRIBUTED, LOCAL
from cli.scale.obstacles import obstacles
from cli.scale.plan import Cluster, steps
from database.pool import Connection
from tests.cli.conftest import Tenure, tenure

__all__ = ["tenure"]


def names(conn: Connection) -> set[str]:
    return {found.name for found in obstacles(conn)}


def test_every_table_has_its_place(conn: Connection) -> None:
    rows = conn.execute(
        "SELECT tablename FROM pg_tables WHERE schemaname = 'public' AND tablename NOT LIKE '%yoyo%'"
    ).fetchall()

    assert {name for (name,) in rows} == {*DISTRIBUTED, *LOCAL}


def test_a_dry_run_shows_the_statements_and_changes_nothing(tenure: Tenure) -> None:
    result = tenure("scale", "citus", "--dry-run")

    assert result.exit_code == 0
    lines = result.stdout.splitlines()
    assert "SELECT create_distributed_table('part_heads', 'part', shard_count => 64);" in lines
    assert "SELECT create_distributed_table('events', 'part', colocate_with => 'part_heads');" in lines
    assert any(
        line.startswith("SELECT create_distributed_function('append_event(smallint,") for line in lines
    )
    assert any("has no Citus" in line for line in lines)


def test_a_server_without_citus_is_refused(tenure: Tenure) -> None:
    result = tenure("scale", "citus")

    assert result.exit_code == 1
    assert "expected a server with the extension citus" in result.stderr


def test_what_the_present_schema_can_not_do_is_named(tenure: Tenure) -> None:
    said = json.loads(tenure("scale", "citus", "--dry-run", "--json").stdout)

    named = {line.partition(":")[0] for line in said["obstacles"]}
    assert {"append_event()", "erase_person()", "tenure_app", "projections/sql/claim_parts.sql"} <= named
    assert said["citus"] is False


@pytest.mark.parametrize(
    ("change", "found"),
    [
        ("ALTER TABLE events ADD CONSTRAINT events_id_once UNIQUE (id)", "events"),
        ("ALTER TABLE log_nodes DROP COLUMN part CASCADE", "log_nodes"),
        (
            "ALTER TABLE users ADD seen_part smallint REFERENCES part_heads (part)",
            "users",
        ),
    ],
)
def test_a_table_that_can_not_be_distributed_is_found(conn: Connection, change: str, found: str) -> None:
    assert found not in names(conn)

    conn.execute(change.encode())

    assert found in names(conn)


def test_an_obstacle_that_was_mended_is_gone(conn: Connection) -> None:
    row = conn.execute("SELECT pg_get_functiondef('append_event'::regproc)").fetchone()
    assert row is not None
    mended = row[0].replace(
        "greatest(clock_timestamp(), h.recorded_at)", "greatest(event_recorded_at, h.recorded_at)"
    )

    conn.execute(mended.encode())

    assert "append_event()" not in names(conn)


def test_what_is_distributed_already_is_not_distributed_again(conn: Connection) -> None:
    done = Cluster(is_available=True, is_installed=True, distributed=set(DISTRIBUTED))
    half = Cluster(is_available=True, is_installed=True, distributed={"part_heads", "events"})

    assert steps(conn, done) == []
    left = [step.as_string(conn) for step in steps(conn, half)]
    assert [text for text in left if "create_distributed_table" in text] == [
        "SELECT create_distributed_table('event_conflicts', 'part', colocate_with => 'part_heads')",
        "SELECT create_distributed_table('log_nodes', 'part', colocate_with => 'part_heads')",
    ]


def test_obstacles_stop_it_where_citus_is(tenure: Tenure, monkeypatch: pytest.MonkeyPatch) -> None:
    def standing(conn: psycopg.Connection[Any]) -> Cluster:
        return Cluster(is_available=True, is_installed=True, distributed=())

    monkeypatch.setattr("cli.scale.command.cluster", standing)
    result = tenure("scale", "citus")

    assert result.exit_code == 1
    assert "append_event(): its UPDATE of part_heads calls clock_timestamp()" in result.stderr
