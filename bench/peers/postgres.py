"""The one server of all contestants: DATABASE_URL's, else Debian's PostgreSQL 15, else the embedded one; always durable."""

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext, suppress
from functools import partial
from pathlib import Path
from signal import SIGINT
from urllib.parse import quote, urlsplit

import psycopg
from psycopg import sql
from psycopg.conninfo import conninfo_to_dict

from bench.embedded_server import TUNING
from bench.peers.errors import NotDurable, ServerFailed
from database.data_dir import VERSION, remove_socket_directory, socket_directory
from database.data_dir import programs as bundled_programs
from database.system_account import Account, server_account
from events import child_processes
from events.statements import AnyConnection

DEBIAN = Path("/usr/lib/postgresql/15/bin")
DURABLE = ("fsync", "synchronous_commit", "full_page_writes")
PATIENCE_S = 60.0
PG_VARIABLES = {
    "host": "PGHOST",
    "port": "PGPORT",
    "user": "PGUSER",
    "password": "PGPASSWORD",
    "dbname": "PGDATABASE",
    "sslmode": "PGSSLMODE",
}


@contextmanager
def peer_server(folder: Path, database_url: str | None) -> Iterator[str]:
    """The URL of the server's maintenance database. Raises: NotDurable, ServerFailed, EmbeddedServerFailed."""
    with nullcontext(database_url) if database_url else _own_server(folder) as url:
        _require_durable(url)
        yield url


@contextmanager
def database(server_url: str, name: str) -> Iterator[str]:
    """The URL of a new empty database, dropped after the block."""
    drop = sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name))
    with psycopg.connect(server_url, autocommit=True) as conn:
        conn.execute(drop)
        conn.execute(sql.SQL("CREATE DATABASE {} TEMPLATE template0").format(sql.Identifier(name)))
    try:
        yield urlsplit(server_url)._replace(path=f"/{name}").geturl()
    finally:
        with suppress(psycopg.OperationalError), psycopg.connect(server_url, autocommit=True) as conn:
            conn.execute(drop)


def pg_variables(url: str) -> dict[str, str]:
    """The same connection as variables, which every client library reads."""
    parameters = conninfo_to_dict(url)
    return {variable: str(parameters[name]) for name, variable in PG_VARIABLES.items() if name in parameters}


def version(url: str) -> str:
    """Such as `PostgreSQL 15.8`."""
    with psycopg.connect(url) as conn:
        return f"PostgreSQL {_setting(conn, 'server_version').split()[0]}"


def checkpoint(conn: AnyConnection) -> None:
    """Write out what the run before changed, where this user may, so that the next run need not."""
    with suppress(psycopg.errors.InsufficientPrivilege):
        conn.execute("CHECKPOINT")


@contextmanager
def _own_server(folder: Path) -> Iterator[str]:
    account = server_account()
    if not account.may_enter(folder):
        raise ServerFailed(f"the account that runs PostgreSQL can't enter {folder}; choose another --folder")
    programs, major = (
        (DEBIAN, 15)
        if DEBIAN.is_dir()
        else (bundled_programs(account, partial(print, file=sys.stderr)), VERSION)
    )
    pgdata = folder / f"postgres{major}"
    if not (pgdata / "PG_VERSION").exists():
        _initialise(programs, pgdata, account)
    sockets = socket_directory(pgdata, account)
    try:
        with _launched(programs, pgdata, sockets, account) as server:
            url = f"postgresql://postgres@/postgres?host={quote(str(sockets), safe='')}&port=5432"
            _await(url, server)
            yield url
    finally:
        remove_socket_directory(sockets)


def _initialise(programs: Path, pgdata: Path, account: Account) -> None:
    pgdata.mkdir(mode=0o700, exist_ok=True)
    account.own(pgdata)
    command = [str(programs / "initdb"), "-D", str(pgdata), "-U", "postgres", "-A", "trust", "-E", "UTF8"]
    done = child_processes.run(
        [*command, "--locale=C.UTF-8"], cwd="/", capture_output=True, text=True, **account.popen_options()
    )
    if done.returncode != 0:
        raise ServerFailed(f"no database could be created in {pgdata}: {done.stderr.strip()}")


@contextmanager
def _launched(
    programs: Path, pgdata: Path, sockets: Path, account: Account
) -> Iterator[child_processes.Process[bytes]]:
    """The server as a child, so that its processor time counts as the benchmark's own."""
    settings = {
        "listen_addresses": "",
        "unix_socket_directories": str(sockets),
        "port": "5432",
        "max_connections": "200",
    }
    command = [str(programs / "postgres"), "-D", str(pgdata)]
    for name, value in {**settings, **TUNING}.items():
        command += ["-c", f"{name}={value}"]
    with (pgdata.parent / "postgres.log").open("ab") as log:
        server = child_processes.start(command, cwd="/", stdout=log, stderr=log, **account.popen_options())
    try:
        yield server
    finally:
        server.send_signal(SIGINT)  # it closes its sessions, for which SIGTERM waits
        child_processes.end(server, PATIENCE_S)


def _await(url: str, server: child_processes.Process[bytes]) -> None:
    until = time.monotonic() + PATIENCE_S
    while time.monotonic() < until and server.poll() is None:
        with suppress(psycopg.OperationalError), psycopg.connect(url):
            return
        time.sleep(0.1)
    raise ServerFailed("PostgreSQL did not start; read postgres.log in --folder")


def _require_durable(url: str) -> None:
    with psycopg.connect(url) as conn:
        for name in DURABLE:
            if (value := _setting(conn, name)) == "off":
                raise NotDurable(name, value)


def _setting(conn: AnyConnection, name: str) -> str:
    row = conn.execute("SELECT current_setting(%s)", [name]).fetchone()
    assert row is not None  # an unknown setting raises
    return str(row[0])
