"""`tenure db`: what the database holds, which indexes lack, how fast each query is."""

import json
from typing import Any

import pytest

from cli.db import inspect
from cli.db.benchmark_queries import CASES
from database.pool import Connection, connect
from tests.installation import Tenure

SMALL = (
    "--users=60", "--campaigns=120", "--jobs=240", "--results=240", "--lists=20", "--items=100",
    "--events=2000", "--asked=10",
)  # fmt: skip
# A busy machine is no slow query: the limit itself is tried with limits of its own.
PATIENT_MS = 60_000.0


def did(conninfo: str, statement: str) -> None:
    with connect(conninfo, application_name="test", autocommit=True) as conn:
        conn.execute(statement.encode())


def advised(tenure: Tenure, *options: str) -> tuple[int, list[dict[str, Any]]]:  # Any: JSON values
    result = tenure("db", "indexes", "--json", *options)
    return result.exit_code, json.loads(result.stdout)["advice"]


def test_inspect_tells_tables_indexes_and_why_no_slow_queries(tenure: Tenure) -> None:
    report = json.loads(tenure("db", "inspect", "--json").stdout)

    assert {"events", "users", "scraping_jobs"} <= {row["table"] for row in report["tables"]}
    assert "events_pkey" in {row["index"] for row in report["indexes"]}
    assert "pg_stat_statements is not installed" in report["slow_queries"]["why_not"]


def test_inspect_estimates_what_a_table_wastes(tenure: Tenure, conninfo: str) -> None:
    did(conninfo, "INSERT INTO reconcile_seen SELECT 'a', md5(n::text) FROM generate_series(1, 20000) n")
    did(conninfo, "DELETE FROM reconcile_seen WHERE object_id > '2'")
    did(conninfo, "ANALYZE reconcile_seen")

    report = json.loads(tenure("db", "inspect", "--json").stdout)

    [row] = [row for row in report["tables"] if row["table"] == "reconcile_seen"]
    assert row["bloat_bytes_estimate"] > row["table_bytes"] / 2


def test_inspect_is_readable(tenure: Tenure) -> None:
    result = tenure("db", "inspect")

    assert result.exit_code == 0
    assert "slow queries: pg_stat_statements is not installed" in result.stdout


def test_a_migrated_database_lacks_no_index(tenure: Tenure) -> None:
    code, advice = advised(tenure)

    assert code == 0
    assert not [one for one in advice if one["kind"] in ("missing", "invalid")]


@pytest.mark.parametrize("name", ["users_email", "scraping_jobs_keywords", "campaigns_listed"])
def test_a_dropped_index_is_named_and_made_again(tenure: Tenure, conninfo: str, name: str) -> None:
    before = _definition(conninfo, name)
    did(conninfo, f"DROP INDEX {name}")

    code, advice = advised(tenure)
    assert (code, [one["index"] for one in advice if one["kind"] == "missing"]) == (1, [name])

    assert advised(tenure, "--apply")[0] == 0
    assert _definition(conninfo, name) == before


def test_a_foreign_key_without_an_index_is_found(tenure: Tenure, conninfo: str) -> None:
    did(conninfo, "CREATE TABLE notes (job uuid REFERENCES scraping_jobs (id))")

    code, advice = advised(tenure)
    assert code == 1
    assert "foreign key notes_job_fkey" in next(one["why"] for one in advice if one["kind"] == "missing")

    assert advised(tenure, "--apply")[0] == 0


def test_an_index_whose_making_was_broken_off_is_made_again(tenure: Tenure, conninfo: str) -> None:
    did(conninfo, "UPDATE pg_index SET indisvalid = false WHERE indexrelid = 'users_email'::regclass")

    code, advice = advised(tenure)
    assert (code, [one["index"] for one in advice if one["kind"] == "invalid"]) == (1, ["users_email"])

    assert advised(tenure, "--apply")[0] == 0


def test_unused_and_doubled_indexes_are_told_but_never_dropped(tenure: Tenure, conninfo: str) -> None:
    did(conninfo, "CREATE INDEX doubled ON scraping_jobs (user_id)")
    did(conninfo, "CREATE INDEX other_way ON scraping_jobs (created_at)")

    code, advice = advised(tenure, "--apply")

    assert code == 0
    assert ("doubled", "doubled") in {(one["kind"], one["index"]) for one in advice}
    assert ("unused", "other_way") in {(one["kind"], one["index"]) for one in advice}
    assert _definition(conninfo, "doubled")


def test_every_index_of_the_migrations_is_known(conn: Connection) -> None:
    rows = conn.execute("SELECT indexname FROM pg_indexes WHERE schemaname = 'public'").fetchall()

    assert {name for (name,) in rows} >= inspect.expected_indexes().keys()
    assert len(inspect.expected_indexes()) > 30


def test_bench_measures_every_query_and_leaves_nothing(
    tenure: Tenure, conninfo: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("cli.db.command.MAX_P99_MS", PATIENT_MS)
    before = _databases(conninfo)

    result = tenure("db", "bench", "--json", *SMALL)

    assert result.exit_code == 0, result.stderr
    queries = json.loads(result.stdout)["queries"]
    assert [one["name"] for one in queries] == [case.name for case in CASES]
    assert all(one["plans"] and one["statements"] for one in queries)
    assert not [one["name"] for one in queries if one["scans"]]
    assert {name for name in _databases(conninfo) if "bench" in name} <= before


def test_bench_names_what_is_slow_and_what_has_no_index(
    tenure: Tenure, conninfo: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("cli.db.command.MAX_P99_MS", PATIENT_MS)
    name = f"{_name(conninfo)}_kept"
    try:
        assert tenure("db", "bench", "--database", name, *SMALL, "--jobs=5000").exit_code == 0
        kept = conninfo.replace(_name(conninfo), name)
        did(kept, "DROP INDEX scraping_jobs_keywords")
        monkeypatch.setattr("cli.db.command.MAX_P99_MS", 0.0)
        result = tenure("db", "bench", "--database", name, *SMALL, "--jobs=5000", "--json")

        [query] = [
            one
            for one in json.loads(result.stdout)["queries"]
            if one["name"] == "jobs by keyword (containment)"
        ]
        assert query["scans"] == ["scraping_jobs"]
        assert (result.exit_code, "over 0 ms at p99" in result.stderr) == (1, True)
    finally:
        did(conninfo, f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')


def test_bench_refuses_a_database_that_holds_something_else(
    tenure: Tenure, shop: object, conninfo: str
) -> None:
    result = tenure("db", "bench", "--database", _name(conninfo), *SMALL)

    assert (result.exit_code, "has other content" in result.stderr) == (1, True)


def _name(conninfo: str) -> str:
    return conninfo.partition("dbname=")[2].partition(" ")[0]


def _databases(conninfo: str) -> set[str]:
    with connect(conninfo, application_name="test") as conn:
        return {name for (name,) in conn.execute("SELECT datname FROM pg_database").fetchall()}


def _definition(conninfo: str, name: str) -> Any:  # Any: a column value
    with connect(conninfo, application_name="test") as conn:
        return conn.execute("SELECT pg_get_indexdef(%s::regclass)", [name]).fetchone()
