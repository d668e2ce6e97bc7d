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

# Detect a vanished server: TCP alone would retry for a quarter of an hour.
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

    If `tested`, an idle connection is checked at checkout, so few callers see an error after a server
    restart; callers that retry can skip this round trip.
    The pool opens at once and connects in the background: it may be opened before the server.
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
        # After it gives up, the next caller makes it try at once; until then it doubles the wait.
        reconnect_timeout=RECONNECT_S,
    )


def _check_if_idle(conn: Connection) -> None:
    """Check the connection unless it was used a moment ago, as in a busy pool."""
    if monotonic() - _handed_out.get(conn, -TRUSTED_S) >= TRUSTED_S:
        ConnectionPool.check_connection(conn)
    _handed_out[conn] = monotonic()


def _meet(configure: Callable[[Connection], None] | None, conn: Connection) -> None:
    _disable_prepared_behind_pooler(conn)
    if configure is not None:
        configure(conn)


def _disable_prepared_behind_pooler(conn: Connection) -> None:
    if behind_pooler(conn):
        conn.prepare_threshold = None  # the next transaction may run in another session


def behind_pooler(conn: Connection) -> bool:
    """Whether a pooler (pgbouncer) answers instead of the server: it reports other process ids."""
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
    """One connection outside of the pool, by default without a statement timeout.

    Raises: DatabaseUnavailable.
    """
    own = session_conninfo(
        conninfo, application_name=application_name, statement_timeout_s=statement_timeout_s
    )
    with reaching(conninfo):
        conn = psycopg.connect(own, autocommit=autocommit, prepare_threshold=PREPARE_AFTER)
        _disable_prepared_behind_pooler(conn)
    return conn


def session_conninfo(conninfo: str, *, application_name: str, statement_timeout_s: float) -> str:
    """The conninfo with our session settings as startup options: UTC and a statement timeout."""
    parameters = _parsed(conninfo)
    options = {
        "timezone": "UTC",
        "statement_timeout": f"{round(statement_timeout_s * 1000)}ms",
        # A killed client must not lock a part's head for long, nor leave its statement running.
        "tcp_keepalives_idle": "30",
        "tcp_keepalives_interval": "10",
        "tcp_keepalives_count": "3",
        "client_connection_check_interval": "5s",
    }
    ours = " ".join(f"-c {name}={value}" for name, value in options.items())
    theirs = str(parameters.get("options") or "")
    return make_conninfo(
        **{
            "connect_timeout": _CONNECT_TIMEOUT_S,
            **_NOTICES_SILENCE,
            **parameters,
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
    """`host:port/database` for messages, without user and password."""
    parameters = _parsed(conninfo)
    host = parameters.get("host") or parameters.get("hostaddr") or "the default socket"
    port = f":{parameters['port']}" if parameters.get("port") else ""
    return f"{host}{port}/{parameters.get('dbname') or parameters.get('user') or ''}"


def _parsed(conninfo: str) -> Mapping[str, Any]:  # Any: psycopg's own type for libpq's values
    try:
        parameters = conninfo_to_dict(conninfo)
    except psycopg.ProgrammingError:
        reason = "the connection string is not a libpq URL or key=value list"
        # Without its cause: libpq's message may quote a password.
        raise DatabaseUnavailable("(unreadable address)", reason) from None
    if "@" in str(parameters.get("host") or ""):  # the rest of a password, never to be shown
        reason = "its host has an @; write an @ in the password as %40"
        raise DatabaseUnavailable("(unreadable address)", reason)
    return parameters


def _first_line(error: psycopg.Error) -> str:
    lines = str(error).strip().splitlines()
    return lines[0].strip() if lines else type(error).__name__
