"""The runner, on migrations made for the test."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path

import psycopg
import pytest

from database import migrations
from database.errors import (
    MigrationEdited,
    MigrationError,
    MigrationFailed,
    MigrationLocked,
    MigrationMisnamed,
    MigrationUnknown,
    RollbackMissing,
    SchemaDiffers,
)
from database.migration_log import Ledger
from database.pool import Connection, connect
from tests.databases import Database

Write = Callable[..., Path]

FUNCTION = """
CREATE FUNCTION twice(n integer) RETURNS integer LANGUAGE plpgsql AS $body$
DECLARE
    answer integer := 0;  -- a semicolon; and a quote's half
BEGIN
    IF n > 0 THEN answer := n * 2; END IF;
    RETURN answer;
END
$body$;
INSERT INTO thing VALUES (twice(21)), (7 % 4);
"""


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    add(tmp_path, "0001_thing", "CREATE TABLE thing (id integer);", "DROP TABLE thing;")
    add(tmp_path, "0002_twice", FUNCTION, "DROP FUNCTION twice; TRUNCATE thing;")
    return tmp_path


def add(directory: Path, name: str, forward: str, rollback: str | None = None) -> Path:
    path = directory / f"{name}.sql"
    path.write_text(forward)
    if rollback is not None:
        (directory / f"{name}.rollback.sql").write_text(rollback)
    return path


def ask(database: Database, query: str) -> object:
    with closing(connect(database.conninfo, application_name="test", autocommit=True)) as conn:
        row = conn.execute(query.encode()).fetchone()
    return row[0] if row else None


def states(database: Database, directory: Path) -> dict[str, str]:
    statuses = migrations.status(database.conninfo, directory=directory)
    return {one.name: one.state for one in statuses}


def test_up_runs_function_bodies_whole(empty_database: Database, directory: Path) -> None:
    done = migrations.up(empty_database.conninfo, directory=directory)

    assert done == ["0001_thing", "0002_twice"]
    assert ask(empty_database, "SELECT sum(id) FROM thing") == 45
    assert migrations.up(empty_database.conninfo, directory=directory) == []


def test_up_stops_at_its_target(empty_database: Database, directory: Path) -> None:
    done = migrations.up(empty_database.conninfo, target="1", directory=directory)

    assert done == ["0001_thing"]
    assert states(empty_database, directory) == {"0001_thing": "applied", "0002_twice": "pending"}


def test_unknown_target_is_refused(empty_database: Database, directory: Path) -> None:
    with pytest.raises(MigrationError, match="no migration 0099"):
        migrations.up(empty_database.conninfo, target="0099", directory=directory)


def test_down_undoes_the_newest_first(empty_database: Database, directory: Path) -> None:
    migrations.up(empty_database.conninfo, directory=directory)

    assert migrations.down(empty_database.conninfo, directory=directory) == ["0002_twice"]
    assert states(empty_database, directory) == {"0001_thing": "applied", "0002_twice": "pending"}
    assert migrations.down(empty_database.conninfo, steps=9, directory=directory) == ["0001_thing"]
    assert ask(empty_database, "SELECT to_regclass('thing')") is None


def test_edited_applied_file_is_refused_by_name(empty_database: Database, directory: Path) -> None:
    migrations.up(empty_database.conninfo, directory=directory)
    add(directory, "0001_thing", "CREATE TABLE thing (id bigint);")
    add(directory, "0003_more", "CREATE TABLE more ();", "DROP TABLE more;")

    for run in (migrations.up, migrations.down, migrations.baseline):
        with pytest.raises(MigrationEdited, match=r"^0001_thing\.sql was edited .* new migration"):
            run(empty_database.conninfo, directory=directory)

    assert states(empty_database, directory)["0001_thing"] == "edited"
    assert ask(empty_database, "SELECT to_regclass('more')") is None


def test_rolled_back_file_may_be_edited(empty_database: Database, directory: Path) -> None:
    migrations.up(empty_database.conninfo, directory=directory)
    migrations.down(empty_database.conninfo, directory=directory)
    add(directory, "0002_twice", "CREATE TABLE other ();")

    assert migrations.up(empty_database.conninfo, directory=directory) == ["0002_twice"]


def test_database_ahead_of_the_code_is_refused(empty_database: Database, directory: Path) -> None:
    migrations.up(empty_database.conninfo, directory=directory)
    (directory / "0002_twice.sql").unlink()
    (directory / "0002_twice.rollback.sql").unlink()

    with pytest.raises(MigrationUnknown, match="0002_twice"):
        migrations.up(empty_database.conninfo, directory=directory)
    assert states(empty_database, directory)["0002_twice"] == "unknown"


def test_failing_migration_leaves_nothing_and_keeps_those_before(
    empty_database: Database, directory: Path
) -> None:
    add(directory, "0003_bad", "CREATE TABLE half ();\n\nSELECT nonsense;\n")

    with pytest.raises(MigrationFailed, match=r"0003_bad failed .* does not exist \(line 3\)"):
        migrations.up(empty_database.conninfo, directory=directory)

    assert ask(empty_database, "SELECT to_regclass('half')") is None
    assert list(states(empty_database, directory).values()) == ["applied", "applied", "pending"]


def test_two_runners_apply_each_migration_once(empty_database: Database, directory: Path) -> None:
    add(directory, "0003_slow", "SELECT pg_sleep(0.3); CREATE TABLE slow ();")

    with ThreadPoolExecutor(4) as threads:
        runs = [threads.submit(migrations.up, empty_database.conninfo, directory=directory) for _ in range(4)]
        done = [name for run in runs for name in run.result()]

    assert sorted(done) == ["0001_thing", "0002_twice", "0003_slow"]


def test_runner_that_waits_too_long_says_so(empty_database: Database) -> None:
    first, second = Ledger(empty_database.conninfo), Ledger(empty_database.conninfo)

    with (
        closing(first.connection),
        closing(second.connection),
        first.lock(),
        pytest.raises(MigrationLocked, match="another process has been migrating"),
        second.lock(timeout=0.1),
    ):
        pass


def test_killed_runner_holds_no_lock(empty_database: Database, directory: Path) -> None:
    killed = Ledger(empty_database.conninfo)
    holding = killed.lock()
    holding.__enter__()
    killed.connection.close()

    assert len(migrations.up(empty_database.conninfo, directory=directory)) == 2


def test_down_checks_all_rollbacks_before_it_starts(empty_database: Database, directory: Path) -> None:
    migrations.up(empty_database.conninfo, directory=directory)
    (directory / "0001_thing.rollback.sql").unlink()

    with pytest.raises(RollbackMissing, match="0001_thing has no rollback"):
        migrations.down(empty_database.conninfo, steps=2, directory=directory)

    assert states(empty_database, directory)["0002_twice"] == "applied"


def test_baseline_marks_without_running(empty_database: Database, directory: Path) -> None:
    marked = migrations.baseline(empty_database.conninfo, target="0001", directory=directory)

    assert marked == ["0001_thing"]
    assert ask(empty_database, "SELECT to_regclass('thing')") is None
    [first, _] = migrations.status(empty_database.conninfo, directory=directory)
    assert (first.state, first.baseline) == ("applied", True)


def test_baseline_refuses_a_schema_that_differs(empty_database: Database, directory: Path) -> None:
    with pytest.raises(SchemaDiffers, match="table thing is missing"):
        migrations.baseline(
            empty_database.conninfo,
            directory=directory,
            compare=lambda _: ["table thing is missing"],
        )

    assert set(states(empty_database, directory).values()) == {"pending"}


def test_status_changes_nothing(empty_database: Database, directory: Path) -> None:
    migrations.status(empty_database.conninfo, directory=directory)

    query = "SELECT count(*) FROM pg_tables WHERE schemaname = 'public'"
    assert ask(empty_database, query) == 0


def test_the_runner_has_one_table_closed_to_other_roles(empty_database: Database, directory: Path) -> None:
    migrations.up(empty_database.conninfo, directory=directory)

    query = "SELECT string_agg(relname || ' ' || relrowsecurity, ', ') FROM pg_class"
    tables = ask(empty_database, f"{query} WHERE relnamespace = 'public'::regnamespace AND relkind = 'r'")
    assert tables == "migration_manifest true, thing false"


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        ("3_short", "", "expected a name like"),
        ("0003-dash", "", "expected a name like"),
        ("0002_again", "", "have the same number"),
        ("0003_own", "BEGIN;\nCREATE TABLE a ();\nCOMMIT;", "0003_own.sql has BEGIN"),
        ("0003_undo.rollback", "", "undoes nothing"),
    ],
)
def test_file_that_breaks_the_rules_is_refused_by_name(
    empty_database: Database, directory: Path, name: str, text: str, message: str
) -> None:
    add(directory, name, text)

    with pytest.raises(MigrationMisnamed, match=message):
        migrations.up(empty_database.conninfo, directory=directory)


def test_new_writes_the_next_numbered_pair(directory: Path) -> None:
    forward, rollback = migrations.new("Add plan index", directory)

    assert (forward.name, rollback.name) == (
        "0003_add_plan_index.sql",
        "0003_add_plan_index.rollback.sql",
    )
    assert forward.read_text().startswith("-- Why:")
    assert forward.name in rollback.read_text()


def test_new_refuses_a_name_without_letters(directory: Path) -> None:
    with pytest.raises(MigrationMisnamed):
        migrations.new("../", directory)


def test_an_index_is_made_while_others_write(empty_database: Database, directory: Path) -> None:
    """A writer whose transaction began before is waited for; one that begins meanwhile does not wait."""
    add(directory, "0003_index", CONCURRENT, "DROP INDEX thing_id;")
    migrations.up(empty_database.conninfo, target="0002", directory=directory)
    with (
        closing(connect(empty_database.conninfo, application_name="test")) as first,
        closing(connect(empty_database.conninfo, application_name="test")) as second,
        ThreadPoolExecutor(1) as pool,
    ):
        first.execute("INSERT INTO thing VALUES (1)")
        running = pool.submit(migrations.up, empty_database.conninfo, directory=directory)
        while not waits_for_index(second):
            assert not running.done()
        second.execute("SET lock_timeout = '5s'")
        second.execute("INSERT INTO thing VALUES (2)")
        second.commit()
        first.commit()

        assert running.result() == ["0003_index"]
    assert ask(empty_database, "SELECT indisvalid FROM pg_index WHERE indexrelid = 'thing_id'::regclass")


def waits_for_index(conn: Connection) -> bool:
    """True while a session waits in CREATE INDEX CONCURRENTLY for an older transaction."""
    row = conn.execute(
        "SELECT count(*) FROM pg_stat_activity"
        " WHERE query LIKE 'CREATE INDEX CONC%' AND wait_event_type = 'Lock'"
    ).fetchone()
    conn.rollback()
    return row is not None and row[0] > 0


def test_an_interrupted_index_is_made_again(empty_database: Database, directory: Path) -> None:
    migrations.up(empty_database.conninfo, directory=directory)
    with closing(connect(empty_database.conninfo, application_name="test", autocommit=True)) as conn:
        conn.execute("INSERT INTO thing VALUES (1), (1)")
        with pytest.raises(psycopg.errors.UniqueViolation):
            conn.execute("CREATE UNIQUE INDEX CONCURRENTLY thing_id ON thing (id)")
    add(directory, "0003_index", CONCURRENT, "DROP INDEX thing_id;")

    assert migrations.up(empty_database.conninfo, directory=directory) == ["0003_index"]
    assert ask(empty_database, "SELECT indisvalid FROM pg_index WHERE indexrelid = 'thing_id'::regclass")


def test_runners_at_once_do_not_stop_an_index(empty_database: Database, directory: Path) -> None:
    """A runner that waits for its turn is not a transaction that CREATE INDEX CONCURRENTLY waits for."""
    add(directory, "0003_index", CONCURRENT, "DROP INDEX thing_id;")
    with ThreadPoolExecutor(4) as pool:
        runs = [pool.submit(migrations.up, empty_database.conninfo, directory=directory) for _ in range(4)]

        assert sorted(len(run.result()) for run in runs) == [0, 0, 0, 3]


def test_a_concurrent_index_stands_in_a_file_of_its_own(empty_database: Database, directory: Path) -> None:
    add(directory, "0003_index", CONCURRENT + "UPDATE thing SET id = 1;")

    with pytest.raises(MigrationMisnamed, match="CONCURRENTLY beside other statements"):
        migrations.up(empty_database.conninfo, directory=directory)


CONCURRENT = """-- Why: a test.
DROP INDEX CONCURRENTLY IF EXISTS thing_id;
CREATE INDEX CONCURRENTLY thing_id ON thing (id);
"""
