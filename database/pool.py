"""Connections: a pool for the service, single ones for locks and long work."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from time import monotonic
from typing import Any
from weakref import WeakKeyDictionary

import psycopg
from psycopg.conninfo import conninfo_to_dict, make_conninfo
from psycopg.rows import TupleRow
from psycopg_pool import ConnectionPool, PoolTimeout

from database.errors import DatabaseUnavailable

Connection = psycopg.Connection[TupleRow]
Pool = ConnectionPool[Connection]

# A statement that ran five times on a connection is prepared there.
PREPARE_AFTER = 5
RECONNECT_S = 2.0
_CONNECT_TIMEOUT_S = 5

# A server that vanished says nothing: TCP alone would go on trying for a quarter of an hour.
_NOTICES_SILENCE = {
    "keepalives_idle": 30,
    "keepalives_interval": 10,
    "keepalives_count": 3,
    "tcp_user_timeout": 30_000,  # milliseconds
}

TRUSTED_S = 0.5
_handed_out: WeakKeyDictionary[Connection, float] = WeakKeyDictionary()


def open_pool(
    conninfo: str,
    *,
    application_name: str,
    min_size: int = 1,
    max_size: int = 10,
    statement_timeout_s: float = 30,
    checkout_timeout_s: float = 5,
    configure: Callable[[Connection], None] | None = None,
    tested: bool = True,
    autocommit: bool = False,
) -> Pool:
    """An open pool whose connections, unless `autocommit`, begin a transaction with their first statement.

    A connection that was idle is `tested` when it is handed out, so a restarted server costs hardly
    anybody an error; it is a round trip, which one who asks again by himself may save.
    The pool opens at once and connects behind the scenes: it may be opened before the server.
    """
    return ConnectionPool(
        session_conninfo(
            conninfo, application_name=application_name, statement_timeout_s=statement_timeout_s
        ),
        connection_class=Connection,
        kwargs={"prepare_threshold": PREPARE_AFTER, "autocommit": autocommit},
        min_size=min_size,
        max_size=max_size,
        timeout=checkout_timeout_s,
        configure=partial(_meet, configure),
        check=_check_if_idle if tested else None,  # no `reset`: a thread of the pool would run it
        name=application_name,
        open=True,
        # Whoever comes after it gave up makes it try at once; else it waits twice as long each time.
        reconnect_timeout=RECONNECT_S,
    )


def _check_if_idle(conn: Connection) -> None:
    """One handed out a moment ago is as good as tested, and a busy pool's always are."""
    if monotonic() - _handed_out.get(conn, -TRUSTED_S) >= TRUSTED_S:
        ConnectionPool.check_connection(conn)
    _handed_out[conn] = monotonic()


def _meet(configure: Callable[[Connection], None] | None, conn: Connection) -> None:
    _prepare_nothing_for_strangers(conn)
    if configure is not None:
        configure(conn)


def _prepare_nothing_for_strangers(conn: Connection) -> None:
    if behind_pooler(conn):
        conn.prepare_threshold = None  # the next transaction may run in another session


def behind_pooler(conn: Connection) -> bool:
    """Whether a pooler (pgbouncer) answers in the server's place: its process ids are its own."""
    row = conn.execute("SELECT pg_backend_pid()").fetchone()
    if not conn.autocommit:
        conn.commit()
    return row is None or row[0] != conn.info.backend_pid


def connect(
    conninfo: str,
    *,
    application_name: str,
    statement_timeout_s: float = 0,
    autocommit: bool = False,
) -> Connection:
    """One connection of its own; without a statement timeout unless asked for.

    Raises: DatabaseUnavailable.
    """
    wanted = session_conninfo(
        conninfo, application_name=application_name, statement_timeout_s=statement_timeout_s
    )
    with reaching(conninfo):
        conn = psycopg.connect(wanted, autocommit=autocommit, prepare_threshold=PREPARE_AFTER)
        _prepare_nothing_for_strangers(conn)
    return conn


def session_conninfo(conninfo: str, *, application_name: str, statement_timeout_s: float) -> str:
    """The conninfo with our session settings as startup options: UTC and a statement timeout."""
    given = _parsed(conninfo)
    options = {
        "timezone": "UTC",
        "statement_timeout": f"{round(statement_timeout_s * 1000)}ms",
        # A killed client must not hold the head of a part for long, nor a statement run on without it.
        "tcp_keepalives_idle": "30",
        "tcp_keepalives_interval": "10",
        "tcp_keepalives_count": "3",
        "client_connection_check_interval": "5s",
    }
    ours = " ".join(f"-c {name}={value}" for name, value in options.items())
    theirs = str(given.get("options") or "")
    return make_conninfo(
        **{
            "connect_timeout": _CONNECT_TIMEOUT_S,
            **_NOTICES_SILENCE,
            **given,
            "application_name": application_name,
            "options": f"{ours} {theirs}".strip(),
        }
    )


@contextmanager
def reaching(conninfo: str) -> Iterator[None]:
    """Turn a failure to connect inside the block into one clear line.

    Raises: DatabaseUnavailable.
    """
    try:
        yield
    except PoolTimeout as error:
        raise DatabaseUnavailable(place(conninfo), f"no free connection ({error})") from error
    except psycopg.OperationalError as error:
        raise DatabaseUnavailable(place(conninfo), _first_line(error)) from error


def place(conninfo: str) -> str:
    """`host:port/database`, fit to be shown: no user, no password."""
    given = _parsed(conninfo)
    host = given.get("host") or given.get("hostaddr") or "the default socket"
    port = f":{given['port']}" if given.get("port") else ""
    return f"{host}{port}/{given.get('dbname') or given.get('user') or ''}"


def _parsed(conninfo: str) -> Mapping[str, Any]:  # Any: psycopg's own type for libpq's values
    try:
        found = conninfo_to_dict(conninfo)
    except psycopg.ProgrammingError:
        reason = "the connection string is not a libpq URL or key=value list"
        # Without its cause: libpq's message may quote a password.
        raise DatabaseUnavailable("(unreadable address)", reason) from None
    if "@" in str(found.get("host") or ""):  # the rest of a password, never to be shown
        reason = "its host has an @; write an @ in the password as %40"
        raise DatabaseUnavailable("(unreadable address)", reason)
    return found


def _first_line(error: psycopg.Error) -> str:
    lines = str(error).strip().splitlines()
    return lines[0].strip() if lines else type(error).__name__
