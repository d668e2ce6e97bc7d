"""`tenure events export|import`: the log moves to the byte, or not at all."""

import gzip
import json
import stat
from collections.abc import Callable, Iterator
from hashlib import sha256
from pathlib import Path
from typing import Any

import psycopg
import pytest
from click.testing import Result

from archive.tables import LOG, kept, ours
from database.pool import connect
from demo.world import DemoWorld
from projections.replay.tables import REBUILT
from tests import sealing
from tests.databases import Server
from tests.installation import Tenure, as_url, project

ERASED = sealing.route_in(5)


@pytest.fixture
def other(server: Server, template: str) -> Iterator[str]:
    """Another migrated database."""
    database = server.database(template)
    yield database.conninfo
    database.drop()


@pytest.fixture
def at(tenure: Tenure, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], Tenure]:
    """The command on the database named."""

    def on(conninfo: str) -> Tenure:
        def run(*words: str) -> Result:
            monkeypatch.setenv("DATABASE_URL", as_url(conninfo))
            return tenure(*words)

        return run

    return on


@pytest.fixture
def filled(conninfo: str) -> str:
    """A log of several parts, sealed twice, with evidence beside it."""
    sealing.fill(conninfo, {0: 3, 5: 2, 63: 1})
    sealing.sealed(conninfo)
    with sealing.lent(conninfo) as conn:
        sealing.append_event(conn, ERASED, idempotency_key="evt_twice", payload='{"a":1}')
        sealing.append_event(conn, ERASED, idempotency_key="evt_twice", payload='{"a":2}')
    sealing.sealed(conninfo, minute=1)
    return conninfo


def contents(conninfo: str) -> dict[str, list[Any]]:  # Any: column values
    """Every row of the log's tables."""
    with connect(conninfo, application_name="test") as conn:
        return {
            table: conn.execute(f"SELECT t::text FROM {table} t ORDER BY 1".encode()).fetchall()
            for table in LOG
        }


def exported(tenure: Tenure, path: Path) -> Path:
    result = tenure("events", "export", "--out", str(path))
    assert result.exit_code == 0, result.stderr
    return path


def rewritten(path: Path, change: Callable[[list[str]], list[str]]) -> Path:
    """A file somebody edited, trailer and all, so that only a look at the log can tell."""
    lines = change(path.read_text().splitlines(keepends=True)[:-1])
    rows: dict[str, int] = {}
    for line in lines[1:]:
        [table] = json.loads(line)
        rows[table] = rows.get(table, 0) + 1
    end = {"end": {"rows": rows, "sha256": sha256("".join(lines).encode()).hexdigest()}}
    path.write_text("".join(lines) + json.dumps(end) + "\n")
    return path


def test_the_log_arrives_to_the_byte_and_still_proves(
    filled: str, other: str, at: Callable[[str], Tenure], tmp_path: Path
) -> None:
    path = exported(at(filled), tmp_path / "log.jsonl")

    result = at(other)("events", "import", str(path), "--json")

    assert result.exit_code == 0, result.stderr
    assert json.loads(result.stdout) == {"events": 7, "imported": 7, "already_here": 0, "erased_since": 0}
    assert contents(other) == contents(filled)
    assert not sealing.verified(other).findings
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_appending_and_sealing_go_on_where_they_were(
    filled: str, other: str, at: Callable[[str], Tenure], tmp_path: Path
) -> None:
    at(other)("events", "import", str(exported(at(filled), tmp_path / "log.jsonl.gz")))
    with sealing.lent(other) as conn:
        again = sealing.append_event(conn, ERASED, idempotency_key="evt_twice", payload='{"a":1}')
        new = sealing.append_event(conn, sealing.route_in(0))
    sealing.sealed(other, minute=2)

    assert (again.outcome, new.position) == ("duplicate", 4)
    assert not sealing.verified(other).findings


def test_a_second_import_adds_only_the_rest(
    filled: str, other: str, at: Callable[[str], Tenure], tmp_path: Path
) -> None:
    at(other)("events", "import", str(exported(at(filled), tmp_path / "one")))
    sealing.fill(filled, {0: 2, 7: 1})
    sealing.sealed(filled, minute=2)
    later = exported(at(filled), tmp_path / "two")

    for expected in ((3, 7), (0, 10)):
        report = json.loads(at(other)("events", "import", str(later), "--json").stdout)
        assert (report["imported"], report["already_here"]) == expected
    assert contents(other) == contents(filled)


def test_an_erasure_made_since_is_carried_over(
    shop: DemoWorld, conninfo: str, other: str, at: Callable[[str], Tenure], tmp_path: Path
) -> None:
    at(other)("events", "import", str(exported(at(conninfo), tmp_path / "one")))
    person = shop.people[0].user_id
    assert at(conninfo)("privacy", "erase", person, "--reason", "asked for", "--yes").exit_code == 0

    result = at(other)("events", "import", str(exported(at(conninfo), tmp_path / "two")))

    assert (result.exit_code, "erased as in the file" in result.stderr) == (0, True), result.stderr
    assert contents(other) == contents(conninfo)


def test_another_log_is_refused(filled: str, other: str, at: Callable[[str], Tenure], tmp_path: Path) -> None:
    path = exported(at(filled), tmp_path / "log")
    sealing.fill(other, {0: 1})
    before = contents(other)

    result = at(other)("events", "import", str(path))

    assert (result.exit_code, "another log is here" in result.stderr) == (1, True)
    assert contents(other) == before


def test_a_log_that_is_ahead_is_refused(filled: str, at: Callable[[str], Tenure], tmp_path: Path) -> None:
    path = exported(at(filled), tmp_path / "log")
    sealing.fill(filled, {9: 1})

    result = at(filled)("events", "import", str(path))

    assert (result.exit_code, "part 9 has 1 event here" in result.stderr) == (1, True)


@pytest.mark.parametrize("cut", [1, 40, 2000])
def test_a_partial_file_changes_nothing(
    filled: str, other: str, at: Callable[[str], Tenure], tmp_path: Path, cut: int
) -> None:
    path = exported(at(filled), tmp_path / "log")
    path.write_bytes(path.read_bytes()[:-cut])
    packed = tmp_path / "log.gz"
    packed.write_bytes(gzip.compress(path.read_bytes())[:-cut])

    for file in (path, packed):
        result = at(other)("events", "import", str(file))
        assert (result.exit_code, "is damaged" in result.stderr) == (1, True), result.stderr
    assert not contents(other)["events"]


Lines = list[str]
EDITS: dict[str, tuple[Callable[[Lines], Lines], str]] = {
    "payload": (lambda rows: [row.replace("ünïcode", "unicode") for row in rows], "not match its digest"),
    "gap": (
        lambda rows: [row for row in rows if '"part":"0","position":"2"' not in row],
        "expected position 2",
    ),
    "tail": (
        lambda rows: [row for row in rows if '"part":"63","position"' not in row],
        "its head counts 1",
    ),
    "other part": (
        lambda rows: [row.replace('"events":{"part":"63"', '"events":{"part":"62"') for row in rows],
        "its route belongs in part 63",
    ),
    "erased": (
        lambda rows: [_blank(row) if '"part":"63"' in row and '"events"' in row else row for row in rows],
        "no privacy.erased event covers it",
    ),
}


@pytest.mark.parametrize("name", EDITS)
def test_an_edited_log_is_refused_by_its_place(
    filled: str, other: str, at: Callable[[str], Tenure], tmp_path: Path, name: str
) -> None:
    edit, expected = EDITS[name]
    path = rewritten(exported(at(filled), tmp_path / "log"), edit)

    result = at(other)("events", "import", str(path))

    assert (result.exit_code, expected in result.stderr) == (1, True), result.stderr
    assert not contents(other)["events"]


def test_only_the_owner_imports(filled: str, other: str, at: Callable[[str], Tenure], tmp_path: Path) -> None:
    path = exported(at(filled), tmp_path / "log")
    as_app = f"{other} options='-crole=tenure_app'"

    result = at(as_app)("events", "import", str(path))

    assert (result.exit_code, "login that owns the tables" in result.stderr) == (1, True), result.stderr


def test_no_file_is_written_over(filled: str, at: Callable[[str], Tenure], tmp_path: Path) -> None:
    (tmp_path / "log").write_text("mine")

    result = at(filled)("events", "export", "--out", str(tmp_path / "log"))

    assert (result.exit_code, (tmp_path / "log").read_text()) == (1, "mine")


def test_every_table_is_kept_or_rebuilt(conn: psycopg.Connection[Any]) -> None:
    rows = conn.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'public'").fetchall()
    tables = {name for (name,) in rows if name != "migration_manifest"}

    assert set(ours()) == tables
    assert set(kept()) | set(REBUILT) == set(ours())


def test_tables_are_built_from_an_imported_log(
    shop: DemoWorld, conninfo: str, other: str, at: Callable[[str], Tenure], tmp_path: Path
) -> None:
    at(other)("events", "import", str(exported(at(conninfo), tmp_path / "log")))
    project(other)

    for url in (conninfo, other):
        assert at(url)("replay", "--check", "--workers", "1").exit_code == 0
    assert _users(other) == _users(conninfo)


def _users(conninfo: str) -> list[Any]:  # Any: column values
    with connect(conninfo, application_name="test") as conn:
        return conn.execute(
            "SELECT u.*, s.* FROM users u JOIN user_subscriptions s ON s.user_id = u.id"
        ).fetchall()


def _blank(row: str) -> str:
    document = json.loads(row)
    document["events"] |= {"event_data": None, "payload_salt": None}
    return json.dumps(document, separators=(",", ":"), ensure_ascii=False) + "\n"
