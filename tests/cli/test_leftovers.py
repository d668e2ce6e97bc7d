"""What a killed command leaves: stopped with it, or named by the doctor and removed by the next run."""

import signal
import subprocess
import sys
from pathlib import Path

import psutil
import psycopg
import pytest

from archive.drafts import abandoned_drafts, drafting
from archive.errors import ArchiveRefused
from cli.doctor.checks_leftovers import leftover_checks
from cli.temporary_database import abandoned, scratch
from database.pool import Connection, connect
from projections.replay.leftovers import FOLDER
from settings import Settings
from tests.cli.commands import environment
from tests.cli.commands import tenure as run
from tests.projections import replaying
from tests.projections.replaying import tell

PATIENCE_S = 60


def leave(folder: Path, name: str = ".b.backup.unfinished") -> Path:
    draft = folder / name
    draft.write_bytes(b"half of it")
    return draft


def test_a_draft_has_its_name_only_when_it_is_whole(tmp_path: Path) -> None:
    with drafting(tmp_path / "b") as draft:
        draft.write_bytes(b"all")
        assert not (tmp_path / "b").exists()

    assert [path.name for path in tmp_path.iterdir()] == ["b"]
    assert (tmp_path / "b").stat().st_mode & 0o777 == 0o600


def test_a_draft_of_a_killed_command_is_removed_by_the_next(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    draft = leave(tmp_path)

    with drafting(tmp_path / "other"):
        assert not draft.exists()

    assert f"removed {draft}" in capsys.readouterr().err


def test_a_draft_that_is_being_written_is_left_alone(tmp_path: Path) -> None:
    with drafting(tmp_path / "b") as draft:
        assert abandoned_drafts(tmp_path) == []
        with drafting(tmp_path / "other"):
            assert draft.exists()
        with pytest.raises(ArchiveRefused, match="another command is writing"), drafting(tmp_path / "b"):
            pass


def test_a_database_of_a_killed_command_is_dropped_by_the_next(conninfo: str) -> None:
    name = "tenure_bench_0123456789ab"
    with connect(conninfo, application_name="test", autocommit=True) as conn:
        conn.execute(f"CREATE DATABASE {name} TEMPLATE template0")
        assert name in abandoned(conn)

        with scratch(conninfo, "bench") as scratch_conninfo:
            assert psycopg.conninfo.conninfo_to_dict(scratch_conninfo)["dbname"] not in abandoned(conn)
            assert name not in abandoned(conn)
            assert conn.execute("SELECT FROM pg_database WHERE datname = %s", [name]).fetchall() == []


def test_the_doctor_names_what_is_left(
    conn: Connection, settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    before = leftover_checks(conn, settings)
    draft = leave(tmp_path)
    (tmp_path / "replay" / f"{FOLDER}1").mkdir(parents=True)
    conn.execute("CREATE SCHEMA tenure_shadow")

    findings = {finding.check: finding.found for finding in leftover_checks(conn, settings)}

    assert [finding.severity for finding in before] == ["ok"]
    assert str(draft) in findings["leftovers of backup"]
    assert "schema tenure_shadow" in findings["leftovers of replay"]
    assert f"{FOLDER}1" in findings["leftovers of replay"]


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL])
@pytest.mark.parametrize("command", [("replay",), ("replay", "--check"), ("audit", "verify")])
def test_a_stopped_command_leaves_no_process_and_no_session(
    conninfo: str, tmp_path: Path, number: signal.Signals, command: tuple[str, ...]
) -> None:
    tell(conninfo, replaying.shop(users=3))
    if command[0] == "audit":  # it verifies what was signed
        run(environment(conninfo, tmp_path), "audit", "checkpoint", "--now", "--out", str(tmp_path / "note"))
    words = [sys.executable, "-m", "cli", *command, "--workers", "2"]
    with subprocess.Popen(words, env=environment(conninfo, tmp_path), cwd=tmp_path) as process:
        try:
            family = wait_for_workers(process)
            process.send_signal(number)
            _, alive = psutil.wait_procs(family, timeout=PATIENCE_S)
        finally:
            process.kill()

    assert alive == []
    assert process.returncode == (128 + number if number == signal.SIGTERM else -number)
    wait_until_none(conninfo)


def wait_for_workers(process: "subprocess.Popen[bytes]") -> list[psutil.Process]:
    """Everything it started, once that is more than a helper."""
    waited = psutil.Process(process.pid)
    for _ in range(PATIENCE_S * 20):
        family: list[psutil.Process] = waited.children(recursive=True)
        if len(family) >= 2:
            return family
        try:
            waited.wait(0.05)
        except psutil.TimeoutExpired:
            continue
        break
    raise AssertionError(f"it started no workers, exit {process.poll()}")


def wait_until_none(conninfo: str) -> None:
    """Sessions end a little later than their processes."""
    query = (
        "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()"
        " AND application_name LIKE 'tenure-%%'"
    )
    with psycopg.connect(conninfo, autocommit=True) as conn:
        for _ in range(PATIENCE_S * 10):
            if conn.execute(query).fetchone() == (0,):
                return
            conn.execute("SELECT pg_sleep(0.1)")
    raise AssertionError("a session is left")
