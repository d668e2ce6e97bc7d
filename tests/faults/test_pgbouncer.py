"""Behind a real pgbouncer, as docs/deployment.md sets it up: what serves there, and what refuses to."""

import os
import pwd
import shutil
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from urllib.parse import quote

import psycopg
import pytest
from psycopg.conninfo import conninfo_to_dict

from database import pooler
from database.errors import PoolerBetween
from tests.cli.processes import ROOT
from tests.faults.provider import Provider
from tests.faults.service import STRIPE_SECRET, free_port
from tests.faults.wire import Wire

PGBOUNCER = shutil.which("pgbouncer") or shutil.which("pgbouncer", path="/usr/sbin:/usr/local/sbin")
pytestmark = pytest.mark.skipif(
    PGBOUNCER is None, reason="pgbouncer is not installed: apt-get install pgbouncer"
)

CONFIGURATION = """
[databases]
{name} = host={host} port={port} dbname={name}
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = {own_port}
unix_socket_dir =
auth_type = trust
auth_file = {folder}/users.txt
pool_mode = {mode}
default_pool_size = 4
max_client_conn = 200
ignore_startup_parameters = extra_float_digits,options
logfile = {folder}/pgbouncer.log
pidfile = {folder}/pgbouncer.pid
"""
LOGIN = """
DO $$ BEGIN
    CREATE ROLE tenure_pooled LOGIN;
EXCEPTION WHEN duplicate_object OR unique_violation THEN
    NULL;
END $$;
DO $$ BEGIN
    CREATE ROLE tenure_borrowing LOGIN;
EXCEPTION WHEN duplicate_object OR unique_violation THEN
    NULL;
END $$;
GRANT tenure_app TO tenure_pooled, tenure_borrowing;
ALTER ROLE tenure_pooled SET role = 'tenure_app';
ALTER ROLE tenure_pooled SET timezone = 'UTC';
ALTER ROLE tenure_pooled SET statement_timeout = '30s';
"""


@pytest.fixture
def mode() -> str:
    return "transaction"


@pytest.fixture
def pooled(conninfo: str, mode: str) -> Iterator[tuple[str, Path]]:
    """(DATABASE_URL through pgbouncer, a folder for the service)."""
    parameters = {name: str(value) for name, value in conninfo_to_dict(conninfo).items()}
    with psycopg.connect(conninfo, autocommit=True) as conn:
        conn.execute(LOGIN.encode())
    host, server_port = parameters["host"], int(parameters.get("port", "5432"))
    wire = Wire(f"{host}/.s.PGSQL.{server_port}") if host.startswith("/") else None
    folder, own_port = Path(tempfile.mkdtemp(prefix="tenure-pgbouncer-")), free_port()
    (folder / "users.txt").write_text('"tenure_pooled" ""\n"tenure_borrowing" ""\n')
    values = {"host": "127.0.0.1", "port": wire.port} if wire else {"host": host, "port": server_port}
    text = CONFIGURATION.format(
        mode=mode, folder=folder, own_port=own_port, name=parameters["dbname"], **values
    )
    (folder / "pgbouncer.ini").write_text(text)
    command, user = [str(PGBOUNCER), str(folder / "pgbouncer.ini")], None
    if os.geteuid() == 0:  # pgbouncer refuses to run as root
        user = pwd.getpwnam("nobody")
        for path in (folder, *folder.iterdir()):
            os.chown(path, user.pw_uid, user.pw_gid)
    folder.chmod(0o755)
    process = subprocess.Popen(command, user=user and user.pw_uid, group=user and user.pw_gid)
    try:
        _await(own_port)
        yield f"postgresql://tenure_pooled@127.0.0.1:{own_port}/{quote(parameters['dbname'])}", folder
    finally:
        process.terminate()
        process.wait(10)
        if wire is not None:
            wire.close()
        shutil.rmtree(folder)


def _await(port: int) -> None:
    until = time.monotonic() + 20
    while time.monotonic() < until:
        with suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
            return
        time.sleep(0.05)
    raise AssertionError(f"nobody listens on {port}")


def test_doors_and_api_serve_through_transaction_pooling(
    pooled: tuple[str, Path], conn: psycopg.Connection[tuple[object, ...]]
) -> None:
    url, folder = pooled
    port = free_port()
    env = {
        "PATH": os.environ["PATH"],
        "PYTHONPATH": str(ROOT),
        "DATABASE_URL": url,
        "TENURE_DATA_DIR": str(folder / "tenure"),
        "STRIPE_WEBHOOK_SECRETS": STRIPE_SECRET,
        "LOG_FORMAT": "json",
    }
    (folder / "tenure").mkdir()
    log = folder / "serve.log"
    with log.open("wb") as out:
        words = [sys.executable, "-m", "cli", "serve", "--port", str(port)]
        service = subprocess.Popen(words, env=env, stdout=out, stderr=out)
    try:
        _await(port)
        provider = Provider(port, seed=3, senders=12)
        provider.start()
        provider.until(300)
        provider.stop()
    finally:
        service.terminate()
        service.wait(20)
    kept = conn.execute("SELECT count(DISTINCT idempotency_key), count(*) FROM events").fetchone()

    assert set(provider.answers) == {"appended"}, log.read_text()[-3000:]
    assert kept == (len(provider.acked), len(provider.acked))
    assert "prepared statement" not in log.read_text()
    assert "permission denied" not in log.read_text()


@pytest.mark.parametrize(("mode", "shared"), [("transaction", True), ("statement", True), ("session", False)])
@pytest.mark.parametrize("busy", [False, True])
def test_shared_sessions_are_seen(pooled: tuple[str, Path], shared: bool, busy: bool) -> None:
    url, _ = pooled
    with ExitStack() as others:
        if busy:
            for _ in range(2):
                others.enter_context(_asking_again_and_again(url))

        assert [pooler.are_shared(url) for _ in range(5)] == [shared] * 5


def test_a_server_that_answers_itself_shares_none(conninfo: str) -> None:
    assert not pooler.are_shared(conninfo)


@pytest.mark.parametrize(
    "words",
    [
        ("work",),
        ("migrate", "up"),
        ("migrate", "down", "--yes"),
        ("migrate", "baseline"),
        ("replay",),
        ("replay", "--check"),
        ("schedule", "run", "seal"),
        ("reconcile", "stripe"),
        ("events", "import", os.devnull),
    ],
)
def test_what_leans_on_session_locks_refuses_and_leaves_none(
    pooled: tuple[str, Path], conn: psycopg.Connection[tuple[object, ...]], words: tuple[str, ...]
) -> None:
    done = tenure(*pooled, *words)

    assert done.returncode == 1
    assert done.stderr.startswith("tenure: the pooler at 127.0.0.1:")
    assert len(done.stderr.splitlines()) == 1
    locks = "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND database = "
    cursor = conn.execute(locks + "(SELECT oid FROM pg_database WHERE datname = current_database())")
    assert cursor.fetchone() == (0,)


@pytest.mark.parametrize(("mode", "code"), [("transaction", 1), ("session", 0)])
def test_a_role_is_not_taken_in_a_strangers_session(pooled: tuple[str, Path], mode: str, code: int) -> None:
    url, folder = pooled
    borrowing = url.replace("tenure_pooled", "tenure_borrowing")

    commands = [("events", "list"), *([("serve", "--port", "0")] if code else [])]
    done = [tenure(borrowing, folder, *words) for words in commands]
    brought = tenure(url, folder, "events", "list")

    assert [completed.returncode for completed in (*done, brought)] == [*([code] * len(done)), 0]
    for completed in done if code else ():
        assert "use a login whose own role is tenure_app" in completed.stderr
        assert len(completed.stderr.splitlines()) == 1


@pytest.mark.parametrize("mode", ["transaction", "session"])
def test_what_leans_on_a_beginning_refuses_any_pooler(pooled: tuple[str, Path], conninfo: str) -> None:
    pooler.refuse_pooler(conninfo)

    with pytest.raises(PoolerBetween):
        pooler.refuse_pooler(pooled[0])


def tenure(url: str, folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    env = {
        "PATH": os.environ["PATH"],
        "PYTHONPATH": str(ROOT),
        "DATABASE_URL": url,
        "TENURE_DATA_DIR": str(folder),
        "STRIPE_API_KEY": "rk_test_of_nobody",
    }
    return subprocess.run(
        [sys.executable, "-m", "cli", *words],
        env=env,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


@contextmanager
def _asking_again_and_again(url: str) -> Iterator[None]:
    stop = threading.Event()

    def ask() -> None:
        with psycopg.connect(url, autocommit=True, prepare_threshold=None) as conn:
            while not stop.is_set():
                conn.execute("SELECT pg_sleep(0.001)")

    thread = threading.Thread(target=ask)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join()
