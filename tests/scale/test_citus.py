"""`tenure scale citus`: the plan, and what is refused by name."""

import json
from typing import Any

import psycopg
import pytest

from cli.scale.citus_checks import Obstacle, obstacles
from cli.scale.layout import DISTRIBUTED, LOCAL
from cli.scale.plan import Cluster, cluster, steps
from database.pool import Connection
from events.statements import statement
from tests.installation import Tenure, tenure
from tests.scale.reading import ROOT

__all__ = ["tenure"]


def names(conn: Connection) -> set[str]:
    return {obstacle.name for obstacle in obstacles(conn)}


def test_every_table_has_its_place(conn: Connection) -> None:
    rows = conn.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'public'").fetchall()

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
    assert "SELECT create_distributed_function('same_event_body(json,json)');" in lines
    assert any("has no Citus" in line for line in lines)
    assert not any("obstacle" in line for line in lines)


def test_the_roles_of_the_service_may_log_in_before_a_table_is_distributed(conn: Connection) -> None:
    one_server = Cluster(True, False, distributed=(), locked_out=("tenure_app", "tenure_eraser"))

    texts = [step.as_string(conn) for step in steps(conn, one_server)]

    assert [text.splitlines()[-1] for text in texts[1:3]] == [
        'ALTER ROLE "tenure_app" LOGIN',
        'ALTER ROLE "tenure_eraser" LOGIN',
    ]
    assert all("pg_hba.conf" in text and "pg_dist_authinfo" in text for text in texts[1:3])
    assert set(cluster(conn).locked_out) <= {"tenure_app", "tenure_eraser"}


def test_a_server_without_citus_is_refused_in_one_line(tenure: Tenure, conn: Connection) -> None:
    before = standing(conn)

    result = tenure("scale", "citus")

    assert result.exit_code == 1
    assert len(result.stderr.splitlines()) == 1
    assert "expected a server with the extension citus" in result.stderr
    assert "install Citus on every node and into shared_preload_libraries" in result.stderr
    assert standing(conn) == before


def standing(conn: Connection) -> list[tuple[object, ...]]:
    """Extensions, triggers, functions, and who may log in."""
    conn.rollback()
    return conn.execute(
        "SELECT extname::text, 0::oid, '' FROM pg_extension"
        " UNION ALL SELECT tgname, tgrelid, tgenabled::text FROM pg_trigger"
        " UNION ALL SELECT proname, oid, md5(prosrc) FROM pg_proc WHERE pronamespace = 'public'::regnamespace"
        " UNION ALL SELECT rolname, oid, rolcanlogin::text FROM pg_roles WHERE rolname LIKE 'tenure%'"
        " ORDER BY 1, 2"
    ).fetchall()


def test_nothing_known_is_in_the_way(conn: Connection, tenure: Tenure) -> None:
    report = json.loads(tenure("scale", "citus", "--dry-run", "--json").stdout)

    assert obstacles(conn) == []
    assert report["obstacles"] == []
    assert report["citus"] is False


def test_the_functions_of_before_are_found(conn: Connection) -> None:
    conn.execute((ROOT / "migrations/0020_name_the_part.rollback.sql").read_bytes())

    whys = {
        (obstacle.name, word)
        for obstacle in obstacles(conn)
        for word in ("clock", "xmin", "array")
        if word in obstacle.why
    }

    assert whys == {("append_event()", "clock"), ("erase_person()", "xmin"), ("erase_person()", "array")}


OF_BEFORE = {
    "claim_parts": "SELECT 1 FROM projection_checkpoints c JOIN part_heads USING (part) FOR UPDATE OF c",
    "lock_present_states": "SELECT 1 FROM projection_states WHERE EXISTS (TABLE part_heads) FOR UPDATE",
    "hold_head": "SELECT part, head FROM part_heads ORDER BY part FOR UPDATE",
    "replay_read_part": "COPY (SELECT part FROM public.events WHERE ctid >= %(lower)s::tid) TO STDOUT",
    "event_types": "WITH RECURSIVE known AS (SELECT min(event_type) FROM events) SELECT 1 FROM known",
}


@pytest.mark.parametrize("name", OF_BEFORE)
def test_the_statements_of_before_are_found(
    conn: Connection, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    def as_before(package: str, requested: str) -> bytes:
        return OF_BEFORE[requested].encode() if requested == name else statement(package, requested)

    monkeypatch.setattr("cli.scale.citus_checks.statement", as_before)

    assert [obstacle.name.rpartition(": ")[2] for obstacle in obstacles(conn)] == [name]


@pytest.mark.parametrize(
    ("change", "obstacle"),
    [
        ("ALTER TABLE events ADD CONSTRAINT events_id_once UNIQUE (id)", "events"),
        ("ALTER TABLE log_nodes DROP COLUMN part CASCADE", "log_nodes"),
        (
            "ALTER TABLE users ADD seen_part smallint REFERENCES part_heads (part)",
            "users",
        ),
    ],
)
def test_a_table_that_can_not_be_distributed_is_found(conn: Connection, change: str, obstacle: str) -> None:
    assert obstacle not in names(conn)

    conn.execute(change.encode())

    assert obstacle in names(conn)


def test_what_is_distributed_already_is_not_distributed_again(conn: Connection) -> None:
    done = Cluster(is_available=True, is_installed=True, distributed=set(DISTRIBUTED))
    locked = Cluster(True, True, distributed=set(DISTRIBUTED), locked_out=("tenure_app",))
    half = Cluster(is_available=True, is_installed=True, distributed={"part_heads", "events"})

    assert steps(conn, done) == []
    assert len(steps(conn, locked)) == 1
    remaining = [step.as_string(conn) for step in steps(conn, half)]
    assert [text for text in remaining if "create_distributed_table" in text] == [
        "SELECT create_distributed_table('event_conflicts', 'part', colocate_with => 'part_heads')",
        "SELECT create_distributed_table('log_nodes', 'part', colocate_with => 'part_heads')",
    ]


def test_obstacles_stop_it_where_citus_is(tenure: Tenure, monkeypatch: pytest.MonkeyPatch) -> None:
    def standing(conn: psycopg.Connection[Any]) -> Cluster:
        return Cluster(is_available=True, is_installed=True, distributed=())

    def one_obstacle(conn: psycopg.Connection[Any]) -> list[Obstacle]:
        return [Obstacle("append_event()", "its UPDATE of part_heads calls clock_timestamp()", "mend it")]

    monkeypatch.setattr("cli.scale.command.cluster", standing)
    monkeypatch.setattr("cli.scale.command.obstacles", one_obstacle)
    result = tenure("scale", "citus")

    assert result.exit_code == 1
    assert "append_event(): its UPDATE of part_heads calls clock_timestamp()" in result.stderr
