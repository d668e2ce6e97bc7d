"""`tenure backup` and `restore`: what comes back is what was there, or it says that it is not."""

import gzip
import json
import os
import signal
import stat
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from hashlib import sha256
from pathlib import Path
from typing import Any, LiteralString

import psutil
import psycopg
import pytest
from click.testing import Result

from archive import restore, verify_restore
from archive.dump import MARK
from archive.pg_tools import find, login
from database import migrations, restore_marker
from database.pool import Connection, connect
from demo.world import DemoWorld
from events.clock import utc_now
from events.seals.keys import generate_signing_key
from service.signing_keys import sealer_of
from settings import Settings
from tests.cli.commands import environment
from tests.databases import Server
from tests.installation import Tenure, as_url

At = Callable[[str], Tenure]
# The doors of the test count on while it runs.
COUNTED = ("delivery_counts", "repeated_deliveries")


@pytest.fixture
def empty(server: Server) -> Iterator[str]:
    """A database with nothing in it."""
    database = server.database()
    yield database.conninfo
    database.drop()


@pytest.fixture
def at(tenure: Tenure, monkeypatch: pytest.MonkeyPatch) -> At:
    """The command on the database named."""

    def on(conninfo: str) -> Tenure:
        def run(*words: str) -> Result:
            monkeypatch.setenv("DATABASE_URL", as_url(conninfo))
            return tenure(*words)

        return run

    return on


@pytest.fixture
def sealed_shop(shop: DemoWorld, settings: Settings, conninfo: str) -> str:
    """A shop whose log is sealed, with rows that no replay could build."""
    assert sealer_of(settings, conninfo, clock=utc_now).run() is not None
    with connect(conninfo, application_name="test") as conn:
        conn.execute(
            "INSERT INTO scraping_results (id, job_id, creators, creators_count, digest, created_at) VALUES "
            "(gen_random_uuid(), gen_random_uuid(), '[{\"a\": 1}]', 1, 'd', now())"
        )
        conn.commit()
    return conninfo


def back_up(at: At, conninfo: str, path: Path, *options: str) -> Path:
    result = at(conninfo)("backup", str(path), *options)
    assert result.exit_code == 0, result.stderr
    return path


def contents(conninfo: str, *, but: tuple[str, ...] = ()) -> dict[str, list[Any]]:  # Any: column values
    """Every row of every table, the migrations' bookkeeping apart."""
    with connect(conninfo, application_name="test") as conn:
        tables = conn.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'public'").fetchall()
        return {
            table: conn.execute(f"SELECT t::text FROM {table} t ORDER BY 1".encode()).fetchall()
            for (table,) in tables
            if table not in ("migration_manifest", *but)
        }


@pytest.mark.parametrize(("name", "options"), [("b.dump", ()), ("b.gz", ("--portable",))])
def test_what_comes_back_is_what_was_there(
    sealed_shop: str, empty: str, at: At, tmp_path: Path, name: str, options: tuple[str, ...]
) -> None:
    path = back_up(at, sealed_shop, tmp_path / name, *options)

    result = at(empty)("restore", str(path), "--json")

    assert result.exit_code == 0, result.stderr
    report = json.loads(result.stdout)
    assert (report["checkpoints"], report["keys"]) == (1, "this installation's")
    # A rebuild has digests in any slot, and notes when each part was last projected.
    rebuilt = ("projection_states", "projection_digests", "projection_checkpoints")
    but = (*COUNTED, *(rebuilt if options else ()))
    assert contents(empty, but=but) == contents(sealed_shop, but=but)
    assert at(empty)("audit", "verify", "--workers", "1").exit_code == 0
    assert at(empty)("migrate", "status").exit_code == 0
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_a_restore_without_the_signing_key_says_where_to_get_it(
    sealed_shop: str, empty: str, at: At, tmp_path: Path
) -> None:
    path = back_up(at, sealed_shop, tmp_path / "b.gz", "--portable")
    (tmp_path / "signing-key.pem").unlink()

    result = at(empty)("restore", str(path), "--json")

    assert result.exit_code == 0, result.stderr
    assert "copy signing-key.pem from the data directory" in json.loads(result.stdout)["keys"]


def own_key(at: At, conninfo: str) -> str:
    return at(conninfo)("audit", "key").stdout.strip()


def tampered(path: Path) -> None:
    """Edit a backup and take its checksum again, as whoever can write the file may."""
    if path.suffix == ".gz":
        *lines, end = gzip.decompress(path.read_bytes()).splitlines(keepends=True)
        lines[0] = lines[0].replace(b'"live_only":', b'"live_0nly":')
        trailer = json.loads(end)
        trailer["end"]["sha256"] = sha256(b"".join(lines)).hexdigest()
        path.write_bytes(gzip.compress(b"".join(lines) + json.dumps(trailer).encode() + b"\n"))
        return
    dump, _, line = path.read_bytes().rpartition(MARK)
    dump = dump[:-1] + bytes([dump[-1] ^ 1])
    trailer = json.loads(line) | {"sha256": sha256(dump).hexdigest()}
    path.write_bytes(dump + MARK + json.dumps(trailer).encode() + b"\n")


def tables(conninfo: str) -> int:
    with connect(conninfo, application_name="test") as conn:
        row = conn.execute("SELECT count(*) FROM pg_tables WHERE schemaname = 'public'").fetchone()
    return int(row[0]) if row else 0


@pytest.mark.parametrize(("name", "options"), [("b.dump", ()), ("b.gz", ("--portable",))])
def test_with_a_key_only_what_it_signed_is_restored(
    sealed_shop: str, empty: str, at: At, tmp_path: Path, name: str, options: tuple[str, ...]
) -> None:
    path, other = back_up(at, sealed_shop, tmp_path / name, *options), tmp_path / f"tampered-{name}"
    other.write_bytes(path.read_bytes())
    tampered(other)
    key = own_key(at, sealed_shop)

    refused = at(empty)("restore", str(other), "--key", key)
    untouched = tables(empty)
    restored = at(empty)("restore", str(path), "--key", key, "--json")

    assert (refused.exit_code, untouched) == (1, 0)
    assert "has the signature of another backup" in refused.stderr
    assert restored.exit_code == 0, restored.stderr
    report = json.loads(restored.stdout)
    assert (report["signed_by"], report["keys"]) == ([key], "those of --key")


def test_another_key_and_no_signature_are_refused(
    sealed_shop: str, empty: str, at: At, tmp_path: Path
) -> None:
    path, key = back_up(at, sealed_shop, tmp_path / "b.gz", "--portable"), own_key(at, sealed_shop)
    stranger = str(generate_signing_key(key.partition("+")[0]).verifier)
    (tmp_path / "signing-key.pem").rename(tmp_path / "kept-elsewhere.pem")
    unsigned = back_up(at, sealed_shop, tmp_path / "unsigned.gz", "--portable")

    by_another = at(empty)("restore", str(path), "--key", stranger)
    by_none = at(empty)("restore", str(unsigned), "--key", key)

    assert [by_another.exit_code, by_none.exit_code, tables(empty)] == [1, 1, 0]
    assert "is not signed by a key of --key" in by_another.stderr
    assert "unsigned.gz is not signed: expected" in by_none.stderr


def test_a_restored_log_is_append_only_and_open_again(
    sealed_shop: str, empty: str, at: At, tmp_path: Path
) -> None:
    at(empty)("restore", str(back_up(at, sealed_shop, tmp_path / "b.dump")))

    with connect(empty, application_name="test", autocommit=True) as conn:
        for statement in ("DELETE FROM events", "DELETE FROM part_heads", "UPDATE log_nodes SET level = 1"):
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                conn.execute(statement.encode())
        assert restore_marker.read_mark(conn) is None
        owner = conn.execute(
            "SELECT pg_get_userbyid(proowner) FROM pg_proc WHERE proname = 'erase_person'"
        ).fetchone()
        assert owner == ("tenure_eraser",)
    user = at(empty)("user", "show", "nobody")
    assert "no user nobody" in user.stderr


def test_only_an_empty_database_is_restored_into(sealed_shop: str, at: At, tmp_path: Path) -> None:
    path = back_up(at, sealed_shop, tmp_path / "b.dump")
    before = contents(sealed_shop, but=COUNTED)

    result = at(sealed_shop)("restore", str(path))

    assert (result.exit_code, "is not empty" in result.stderr) == (1, True)
    assert contents(sealed_shop, but=COUNTED) == before


@pytest.mark.parametrize("name", ["b.dump", "b.gz"])
@pytest.mark.parametrize("cut", [1, 300])
def test_a_partial_file_is_refused_before_anything_happens(
    sealed_shop: str, empty: str, at: At, tmp_path: Path, name: str, cut: int
) -> None:
    path = back_up(at, sealed_shop, tmp_path / name, *(("--portable",) if name == "b.gz" else ()))
    path.write_bytes(path.read_bytes()[:-cut])

    result = at(empty)("restore", str(path))

    assert (result.exit_code, "is damaged" in result.stderr) == (1, True), result.stderr
    assert not contents(empty)


@pytest.mark.parametrize("name", ["b.dump", "b.gz"])
def test_a_changed_byte_is_refused(sealed_shop: str, empty: str, at: At, tmp_path: Path, name: str) -> None:
    path = back_up(at, sealed_shop, tmp_path / name, *(("--portable",) if name == "b.gz" else ()))
    text = bytearray(path.read_bytes())
    text[len(text) // 2] ^= 1
    path.write_bytes(text)

    result = at(empty)("restore", str(path))

    assert (result.exit_code, "is damaged" in result.stderr) == (1, True), result.stderr
    assert not contents(empty)


def test_a_killed_restore_is_marked_read_only_and_goes_on(
    sealed_shop: str, empty: str, at: At, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = back_up(at, sealed_shop, tmp_path / "b.dump")

    def dies(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(verify_restore, "verify", dies)
        assert at(empty)("restore", str(path)).exit_code == 1

    with connect(empty, application_name="test") as conn:
        mark = restore_marker.read_mark(conn)
        assert mark is not None
        assert mark.phase == restore_marker.LOADED
        with pytest.raises(psycopg.errors.ReadOnlySqlTransaction):
            conn.execute("INSERT INTO reconcile_seen VALUES ('a', 'b')")
    with connect(sealed_shop, application_name="test") as conn:  # or it could be the same to the byte
        conn.execute("INSERT INTO reconcile_seen VALUES ('a', 'b')")
    other = back_up(at, sealed_shop, tmp_path / "other.dump")
    for words in (("restore", str(other)), ("migrate", "up"), ("work",), ("run",), ("serve", "--port", "0")):
        refusal = at(empty)(*words)
        assert (refusal.exit_code, len(refusal.stderr.splitlines())) == (1, 1), words
        assert f"the restore of {path.name} is unfinished here" in refusal.stderr
    for words in (("status",), ("doctor",)):
        assert f"the restore of {path.name} is unfinished here" in at(empty)(*words).stdout
    again = at(empty)("restore", str(path))
    assert again.exit_code == 0, again.stderr
    with connect(empty, application_name="test") as conn:
        assert conn.execute("SHOW default_transaction_read_only").fetchone() == ("off",)


def test_a_backup_of_a_newer_server_changes_nothing(
    sealed_shop: str, empty: str, at: At, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = back_up(at, sealed_shop, tmp_path / "b.dump")

    def newer(path: Path, *, on_progress: restore.OnProgress) -> restore.Backup:
        backup = restore.read_backup(path, on_progress=on_progress)
        return replace(backup, facts=backup.facts | {"server_version": 990000})

    monkeypatch.setattr("cli.backup.read_backup", newer)

    result = at(empty)("restore", str(path))

    assert (result.exit_code, "is from PostgreSQL 99" in result.stderr) == (1, True), result.stderr
    assert not contents(empty)


def test_a_restore_killed_with_minus_nine_leaves_its_mark(
    sealed_shop: str, empty: str, at: At, tmp_path: Path
) -> None:
    path = back_up(at, sealed_shop, tmp_path / "b.gz", "--portable")
    env = environment(empty, tmp_path)
    with subprocess.Popen(
        [sys.executable, "-m", "cli", "restore", str(path)], env=env, cwd=tmp_path
    ) as child:
        _wait_for_mark(empty)
        child.kill()

    with connect(empty, application_name="test") as conn:
        mark = restore_marker.read_mark(conn)
    assert mark is not None
    assert at(empty)("restore", str(path)).exit_code == 0


def test_a_restore_stopped_after_its_rows_were_committed_can_be_run_again(
    sealed_shop: str, empty: str, at: At, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = back_up(at, sealed_shop, tmp_path / "b.dump")

    def dies(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(restore_marker, "move_on", dies)
        assert at(empty)("restore", str(path)).exit_code == 1

    again = at(empty)("restore", str(path))

    assert again.exit_code == 0, again.stderr


def test_the_same_restore_again_after_its_end_changes_nothing(
    sealed_shop: str, empty: str, at: At, tmp_path: Path
) -> None:
    path = back_up(at, sealed_shop, tmp_path / "b.gz", "--portable")
    assert at(empty)("restore", str(path)).exit_code == 0
    before = contents(empty)
    other = back_up(at, empty, tmp_path / "other.gz", "--portable")

    again = at(empty)("restore", str(path))

    assert (again.exit_code, "is restored here already" in again.stderr) == (0, True)
    assert contents(empty) == before
    assert at(sealed_shop)("restore", str(other)).exit_code == 1  # it is not empty


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM])
def test_a_restore_killed_while_pg_restore_runs_can_be_run_again(
    sealed_shop: str, empty: str, at: At, tmp_path: Path, number: signal.Signals
) -> None:
    path = back_up(at, sealed_shop, tmp_path / "b.dump")
    command = [sys.executable, "-m", "cli", "restore", str(path)]
    with (
        connect(empty, application_name="test") as conn,
        connect(empty, application_name="test", autocommit=True) as other,
        subprocess.Popen(command, env=environment(empty, tmp_path), cwd=tmp_path) as restoring_process,
    ):
        try:
            _lock_the_log(conn)
            _until(other, WAITS, restore_marker.SESSION)
            below = psutil.Process(restoring_process.pid).children(recursive=True)
            names = [process.name() for process in below]
            restoring_process.send_signal(number)
            _, alive = psutil.wait_procs(below, timeout=60)
        finally:
            restoring_process.kill()
        conn.rollback()

    again = at(empty)("restore", str(path))

    assert names == ["pg_restore"]
    assert alive == []
    assert again.exit_code == 0, again.stderr


@pytest.mark.parametrize(
    "stage", ["applying 0004", "verifying digests", "building the tables", "comparing the tables"]
)
def test_a_restore_stopped_at_any_stage_leaves_no_process_and_can_be_run_again(
    sealed_shop: str, empty: str, at: At, tmp_path: Path, stage: str
) -> None:
    path = back_up(at, sealed_shop, tmp_path / "b.gz", "--portable")
    command = [sys.executable, "-m", "cli", "restore", str(path)]
    with subprocess.Popen(
        command, env=environment(empty, tmp_path), cwd=tmp_path, stderr=subprocess.PIPE, text=True
    ) as process:
        try:
            assert process.stderr is not None
            seen = next((line for line in process.stderr if line.startswith(stage)), None)
            below = psutil.Process(process.pid).children(recursive=True)
            process.send_signal(signal.SIGTERM)
            process.wait(60)
            _, alive = psutil.wait_procs(below, timeout=60)
        finally:
            process.kill()

    assert seen is not None
    assert (process.returncode, alive) == (128 + signal.SIGTERM, [])
    with connect(empty, application_name="test", autocommit=True) as conn:
        _until(conn, "SELECT count(*) = 0 FROM pg_stat_activity WHERE application_name LIKE 'tenure-%%'"
                     " AND datname = current_database()")  # fmt: skip
    again = at(empty)("restore", str(path))
    assert again.exit_code == 0, again.stderr


WAITS = (
    "SELECT EXISTS (SELECT FROM pg_stat_activity WHERE application_name = %s AND wait_event_type = 'Lock'"
    " AND datname = current_database())"
)


def _lock_the_log(conn: Connection) -> None:
    """Once the schema is there, so that pg_restore waits."""
    _until(conn, "SELECT to_regclass('migration_manifest') IS NOT NULL")
    newest = max(migrations.names())
    _until(conn, "SELECT EXISTS (SELECT FROM migration_manifest WHERE migration_id = %s)", newest)
    conn.execute("LOCK TABLE events IN SHARE MODE")


def _until(conn: Connection, query: LiteralString, *values: str) -> None:
    deadline = time.monotonic() + 60
    while conn.execute(query, values).fetchone() != (True,):
        conn.rollback()
        assert time.monotonic() < deadline
        time.sleep(0.01)
    conn.rollback()


def test_a_restore_that_does_not_prove_stays_marked(
    sealed_shop: str, empty: str, at: At, tmp_path: Path
) -> None:
    with connect(sealed_shop, application_name="mallory", autocommit=True) as conn:
        conn.execute("ALTER TABLE events DISABLE TRIGGER ALL")
        conn.execute(
            "UPDATE events SET occurred_at = occurred_at + interval '1 day' "
            "WHERE ctid = (SELECT min(ctid) FROM events)"
        )
        conn.execute("ALTER TABLE events ENABLE ALWAYS TRIGGER events_no_update")
    path = back_up(at, sealed_shop, tmp_path / "b.dump")

    result = at(empty)("restore", str(path))

    assert (result.exit_code, "does not match its signatures" in result.stderr) == (1, True), result.stderr
    with connect(empty, application_name="test") as conn:
        mark = restore_marker.read_mark(conn)
    assert mark is not None
    assert mark.phase.startswith("not what was backed up")


def test_a_backup_of_a_newer_release_is_refused(sealed_shop: str, empty: str, at: At, tmp_path: Path) -> None:
    with connect(sealed_shop, application_name="test") as conn:
        conn.execute(
            "UPDATE migration_manifest SET migration_id = '9999_later' WHERE migration_id = '0001_roles'"
        )
        conn.commit()

    result = at(empty)("restore", str(back_up(at, sealed_shop, tmp_path / "b.dump")))

    assert (result.exit_code, "9999_later" in result.stderr) == (1, True), result.stderr
    assert not contents(empty)


def test_postgres_own_tool_reads_the_dump(sealed_shop: str, at: At, tmp_path: Path) -> None:
    path = back_up(at, sealed_shop, tmp_path / "b.dump")
    program = find("pg_restore", 18)
    assert program is not None

    done = subprocess.run([program, "--list", path], capture_output=True, text=True, check=True)

    assert "TABLE DATA public events" in done.stdout


def test_without_a_fitting_pg_dump_the_backup_is_portable(
    sealed_shop: str, at: At, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("cli.backup.find", lambda *_: None)

    refused = at(sealed_shop)("backup", str(tmp_path / "b.dump"))
    result = at(sealed_shop)("backup", str(tmp_path / "b.gz"), "--json")

    assert (refused.exit_code, "b.dump.gz" in refused.stderr) == (1, True)
    assert json.loads(result.stdout)["form"] == "portable"


def test_a_password_is_in_no_process_list() -> None:
    target, env = login("postgresql://ada:s3cret@db.example.com/shop")

    assert "s3cret" not in target
    assert env["PGPASSWORD"] == "s3cret"


def test_a_password_of_ours_goes_to_no_other_server(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(os.environ, "PGHOST", "elsewhere")

    assert "PGHOST" not in login("postgresql:///shop")[1]


def _wait_for_mark(conninfo: str) -> None:
    deadline = time.monotonic() + 60
    with connect(conninfo, application_name="test", autocommit=True) as conn:
        while restore_marker.read_mark(conn) is None:
            assert time.monotonic() < deadline
            time.sleep(0.01)
