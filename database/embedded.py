"""The embedded PostgreSQL: one server per data directory, shared by every process that uses it.

Three kernel locks show its state, also after kill -9: a process holds `postgres.start` while it starts
or stops the server, every process that uses it shares `postgres.users`, and the server itself inherits
`postgres.running`. The last user stops the server; if the last users were killed, its minder does (`minder`).
"""

import atexit
import os
import shutil
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Self
from urllib.parse import quote

import psycopg
from psycopg import sql

from database import data_dir as location
from database import minder, postmaster
from database.errors import EmbeddedServerFailed
from database.file_locks import Lock
from database.system_account import Account, server_account

Report = Callable[[str], None]

# fsync stays on: an answered webhook must survive a power cut.
TUNING: Mapping[str, str] = {
    "listen_addresses": "",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "max_connections": "200",
    "shared_buffers": "128MB",
    "max_wal_size": "2GB",
    "log_checkpoints": "off",
    # An erasure can't reach the server's log, so it holds no values: DETAIL, CONTEXT, STATEMENT and the
    # message of an ERROR quote them. Each error reaches the client that caused it.
    "log_min_messages": "log",
    "log_error_verbosity": "terse",
    "log_min_error_statement": "panic",
    "log_parameter_max_length": "0",
    "log_parameter_max_length_on_error": "0",
}
# For throwaway databases: tests and benchmarks.
THROWAWAY: Mapping[str, str] = {
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
}


def _silent(_: str) -> None:
    pass


@dataclass
class EmbeddedServer:
    """A running server that this process uses until `close`."""

    conninfo: str
    pgdata: Path
    pid: int
    attached: bool
    _home: Path
    _users: Lock
    _throwaway: bool
    _owner: int = field(default_factory=os.getpid)

    def url(self, database: str) -> str:
        """A connection URL for another database of this server."""
        return _url(self.conninfo, database)

    def close(self) -> None:
        """Stop using the server; it stops if no other process uses it. Safe to call twice."""
        if self._owner != os.getpid() or not self._users.held:
            return
        atexit.unregister(self.close)
        with Lock(self._home / "postgres.start").exclusive():
            self._users.release()
            if not self._users.try_exclusive():
                return
            try:
                postmaster.stop(self.pgdata, Lock(self._home / "postgres.running"))
                minder.await_end(self._home)
                if self._throwaway:
                    shutil.rmtree(self.pgdata)
            finally:
                self._users.release()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()


def exists(data_dir: Path) -> bool:
    """Whether this directory has a server's data, running or not; creates nothing."""
    try:
        return any((home / "postgres" / "PG_VERSION").exists() for home in location.homes(data_dir))
    except OSError:
        return True  # another account's: starting it reports why it can't be used


def start(
    data_dir: Path,
    *,
    database: str = "tenure",
    throwaway: bool = False,
    tuning: Mapping[str, str] | None = None,
    say: Report = _silent,
) -> EmbeddedServer:
    """Start the server of this data directory, or join the running one; creates the database if missing.

    `say` gets a line per step. `throwaway` trades durability for speed and removes the data with the last
    user.
    Raises: EmbeddedServerFailed.
    """
    began = time.monotonic()
    try:
        account = server_account()
        home = location.home(data_dir, account, say)
        users = Lock(home / "postgres.users")
        with Lock(home / "postgres.start").exclusive(waiting=lambda: say("waiting for PostgreSQL")):
            users.shared()
            try:
                running, attached = _ensure_running(home, account, throwaway, tuning or {}, say)
                minder.ensure(home, running.pid, throwaway=throwaway)
                conninfo = _url(running.url, database)
                _ensure_database(running.url, database)
            except BaseException:
                users.release()
                raise
    except OSError as error:
        raise EmbeddedServerFailed(
            f"cannot use {data_dir} for the embedded PostgreSQL: {error}; "
            "correct TENURE_DATA_DIR, or set DATABASE_URL"
        ) from error
    server = EmbeddedServer(conninfo, home / "postgres", running.pid, attached, home, users, throwaway)
    atexit.register(server.close)
    verb = "joined" if attached else "ready"
    say(f"PostgreSQL {verb} in {time.monotonic() - began:.2f} s (embedded, {server.pgdata})")
    return server


def revive(data_dir: Path, *, report: Report = _silent) -> bool:
    """Restart the server if it died while in use; returns whether it had.

    Raises: EmbeddedServerFailed.
    """
    account = server_account()
    home = location.home(data_dir, account, report)
    running = Lock(home / "postgres.running")
    if not running.try_exclusive():
        return False
    running.release()
    with Lock(home / "postgres.start").exclusive():
        server, attached = _ensure_running(home, account, throwaway=False, tuning={}, report=report)
        minder.ensure(home, server.pid, throwaway=False)
    return not attached


def _ensure_running(
    home: Path, account: Account, throwaway: bool, tuning: Mapping[str, str], report: Report
) -> tuple[postmaster.Running, bool]:
    pgdata = home / "postgres"
    running = Lock(home / "postgres.running")
    server = postmaster.wait_ready(pgdata, running)
    if server is not None:
        return server, True
    try:
        programs = location.programs(account, report)
        postmaster.initialise(pgdata, account, programs, sync=not throwaway, report=report)
        options = {**TUNING, **(THROWAWAY if throwaway else {}), **tuning}
        return postmaster.launch(pgdata, account, programs, options, running), False
    finally:
        running.release()  # the server has its own copy of the lock by now


def _ensure_database(maintenance: str, database: str) -> None:
    with psycopg.connect(maintenance, autocommit=True) as conn:
        row = conn.execute("SELECT 1 FROM pg_database WHERE datname = %s", [database]).fetchone()
        if row is None:
            conn.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(database)))


def _url(conninfo: str, database: str) -> str:
    head, _, query = conninfo.partition("?")
    return f"{head.rpartition('/')[0]}/{quote(database, safe='')}?{query}"
