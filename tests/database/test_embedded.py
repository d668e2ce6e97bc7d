"""The embedded PostgreSQL, shared, killed, moved and started in awkward places."""

import os
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import psutil
import psycopg
import pytest

from database import data_dir as location
from database import embedded, minder
from database.errors import EmbeddedServerFailed

ROOT = Path(__file__).parents[2]
as_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root needs another account")

# Starts or joins the server, says its pid, and stays until its standard input ends.
USER = """
import sys
from pathlib import Path
from database import embedded, minder
with embedded.start(Path(sys.argv[1]), throwaway=True) as server:
    print(server.pid, server.attached, flush=True)
    sys.stdin.read()
"""


@pytest.fixture
def place() -> Iterator[Path]:
    """A directory the server's account may enter, which pytest's own may not be."""
    path = Path(tempfile.mkdtemp(prefix="tenure-place-"))
    path.chmod(0o711)
    yield path
    shutil.rmtree(path)


def test_looking_for_data_makes_none(place: Path) -> None:
    assert embedded.exists(place / "nowhere") is False
    assert list(place.iterdir()) == []
    with embedded.start(place, throwaway=True):
        assert embedded.exists(place) is True


@contextmanager
def another_process(data_dir: Path) -> Iterator[tuple[subprocess.Popen[str], int, bool]]:
    command = [sys.executable, "-c", USER, str(data_dir)]
    with subprocess.Popen(
        command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        pid, attached = process.stdout.readline().split()
        yield process, int(pid), attached == "True"
        process.communicate(timeout=60)


def ask(conninfo: str, query: str) -> object:
    with psycopg.connect(conninfo, autocommit=True) as conn:
        row = conn.execute(query.encode()).fetchone()
    return row[0] if row else None


def alive(pid: int) -> bool:
    try:
        return bool(psutil.Process(pid).status() != psutil.STATUS_ZOMBIE)
    except psutil.NoSuchProcess:
        return False


def test_data_stays_and_the_server_goes(place: Path) -> None:
    messages: list[str] = []
    with embedded.start(place, say=messages.append) as first, psycopg.connect(first.conninfo) as conn:
        conn.execute("CREATE TABLE kept AS SELECT 42 AS n")
    assert not alive(first.pid)

    with embedded.start(place) as second:
        assert ask(second.conninfo, "SELECT n FROM kept") == 42
    assert any(line.startswith("PostgreSQL ready in ") for line in messages)


def test_durable_unless_it_is_throwaway(place: Path) -> None:
    with embedded.start(place) as server:
        for name in ("fsync", "synchronous_commit", "full_page_writes"):
            assert ask(server.conninfo, f"SELECT current_setting('{name}')") == "on", name
        assert ask(server.conninfo, "SELECT current_setting('listen_addresses')") == ""


def test_only_its_own_account_reaches_the_socket(place: Path) -> None:
    with embedded.start(place, throwaway=True) as server:
        directory = ask(server.conninfo, "SELECT current_setting('unix_socket_directories')")

        assert Path(str(directory)).stat().st_mode & 0o077 == 0


def test_second_process_joins_and_leaves_the_server_running(place: Path) -> None:
    with embedded.start(place, throwaway=True) as server:
        with another_process(place) as (_, pid, attached):
            assert (pid, attached) == (server.pid, True)

        assert ask(server.conninfo, "SELECT 1") == 1


def test_server_stays_for_the_second_process_until_it_leaves(place: Path) -> None:
    server = embedded.start(place, throwaway=True)
    with another_process(place) as (_, pid, _attached):
        server.close()
        assert alive(pid)

    assert not alive(pid)


def test_many_processes_at_once_start_one_server(place: Path) -> None:
    def use(_: int) -> int:
        with another_process(place) as (_process, pid, _attached), embedded.start(place) as server:
            assert server.pid == pid
            return pid

    with embedded.start(place, throwaway=True) as server, ThreadPoolExecutor(4) as threads:
        assert set(threads.map(use, range(4))) == {server.pid}


def test_a_server_whose_users_were_all_killed_stops(place: Path) -> None:
    with another_process(place) as (first, pid, _), another_process(place) as (second, _, _):
        minder = minder_of(place)
        first.kill()
        second.kill()

    gone, _ = psutil.wait_procs([psutil.Process(pid), minder], timeout=60)
    assert len(gone) == 2
    assert not (place / "postgres").exists()  # it was throwaway


def test_a_server_whose_last_user_was_killed_is_joined_before_its_minder_looks(
    place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(minder, "ensure", lambda *_, **__: None)
    with another_process(place) as (process, pid, _):
        minder_of(place).kill()
        process.kill()
    assert alive(pid)

    with embedded.start(place, throwaway=True) as server:
        assert (server.pid, server.attached) == (pid, True)
    assert not alive(pid)


def test_a_killed_minder_is_replaced_by_the_next_user(place: Path) -> None:
    with embedded.start(place, throwaway=True) as server:
        before = minder_of(place)
        before.kill()
        before.wait(60)
        with another_process(place) as (_, pid, _):
            assert pid == server.pid

        assert len(alive_minders(place)) == 1
    assert alive_minders(place) == []


def alive_minders(place: Path) -> list[psutil.Process]:
    everything = psutil.process_iter(["cmdline"])
    words = [(process, process.info["cmdline"] or []) for process in everything]
    return [
        process for process, line in words if str(place) in line and any("database.minder" in w for w in line)
    ]


def minder_of(place: Path) -> psutil.Process:
    (process,) = alive_minders(place)
    return process


def test_killed_server_recovers_what_was_committed(place: Path) -> None:
    with embedded.start(place) as server:
        with psycopg.connect(server.conninfo) as conn:
            conn.execute("CREATE TABLE kept AS SELECT 42 AS n")
        os.kill(server.pid, signal.SIGKILL)

        with embedded.start(place) as again:
            assert again.pid != server.pid
            assert ask(again.conninfo, "SELECT n FROM kept") == 42


def test_recycled_pid_does_not_keep_it_from_starting(place: Path) -> None:
    with embedded.start(place):
        text = (place / "postgres" / "postmaster.pid").read_text()
    _, _, rest = text.partition("\n")
    (place / "postgres" / "postmaster.pid").write_text(f"{os.getppid()}\n{rest}")

    with embedded.start(place) as server:
        assert ask(server.conninfo, "SELECT 1") == 1


def test_half_made_directory_is_made_again(place: Path) -> None:
    (place / "postgres.unfinished").mkdir()
    (place / "postgres.unfinished" / "PG_VERSION").write_text("18\n")

    with embedded.start(place, throwaway=True) as server:
        assert ask(server.conninfo, "SELECT 1") == 1


def test_directory_of_another_version_is_refused(place: Path) -> None:
    (place / "postgres").mkdir()
    (place / "postgres" / "PG_VERSION").write_text("16\n")

    with pytest.raises(EmbeddedServerFailed, match="created by PostgreSQL 16, this installation"):
        embedded.start(place)


@pytest.mark.parametrize(
    "name", ["with space", 'it\'s "$HOME", ünïcode', "long-" + "x" * 120], ids=["space", "odd", "long"]
)
def test_awkward_paths(place: Path, name: str) -> None:
    with embedded.start(place / name, throwaway=True) as server:
        assert ask(server.conninfo, "SELECT current_database()") == "tenure"
        assert ask(server.url("postgres"), "SELECT current_database()") == "postgres"


def test_unusable_data_dir_is_one_line(place: Path) -> None:
    (place / "file").write_text("")

    with pytest.raises(EmbeddedServerFailed, match="TENURE_DATA_DIR"):
        embedded.start(place / "file" / "data")


def test_forked_child_does_not_stop_the_server(place: Path) -> None:
    with embedded.start(place, throwaway=True) as server:
        child = os.fork()
        if child == 0:
            server.close()
            os._exit(0)
        os.waitpid(child, 0)

        assert ask(server.conninfo, "SELECT 1") == 1


@as_root
def test_root_gets_another_account(place: Path) -> None:
    with embedded.start(place, throwaway=True) as server:
        assert psutil.Process(server.pid).uids().real != 0


@as_root
def test_data_root_hides_goes_elsewhere_and_nothing_is_opened_up(
    place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    hidden = place / "root"
    hidden.mkdir(mode=0o700)
    (place / "lib").mkdir()
    os.umask(0o077)  # as the commands do
    (place / "file").write_text("")
    monkeypatch.setattr(location, "_ROOT_HOMES", (place / "file", place / "lib"))
    messages: list[str] = []

    with embedded.start(hidden / "app" / ".tenure", throwaway=True, say=messages.append) as server:
        assert server.pgdata.is_relative_to(place / "lib")

    assert str(server.pgdata.parent) in messages[0]
    assert hidden.stat().st_mode & 0o777 == 0o700


@as_root
def test_programs_root_hides_are_copied(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    hidden = place / "root"
    programs = location.bundled()
    package = programs.parent.parent
    for source in (package, package.with_name(f"{package.name}.libs")):
        shutil.copytree(source, hidden / source.name)
    hidden.chmod(0o700)
    (place / "lib").mkdir()
    os.umask(0o077)  # as the commands do
    monkeypatch.setattr(location, "bundled", lambda: hidden / programs.relative_to(package.parent))
    monkeypatch.setattr(location, "_ROOT_HOMES", (place / "lib",))

    with embedded.start(place / "data", throwaway=True) as server:
        assert Path(psutil.Process(server.pid).exe()).is_relative_to(place / "lib")
