"""Detect whether connections have dedicated sessions, or a pooler shares them between transactions."""

from contextlib import closing

from psycopg.conninfo import make_conninfo
from psycopg.sql import SQL, Identifier

from database.errors import PoolerBetween, RoleShared, SessionShared
from database.pool import Connection, behind_pooler, connect, place
from events.statements import statement

_ASKED = 5
_CONNECT_TIMEOUT_S = 3

_own: set[str] = (
    set()
)  # addresses with dedicated sessions: a pooler's mode is the same for all of its connections


def take_role(conn: Connection, role: str) -> None:
    """SET ROLE for this session.

    Raises: RoleShared behind a transaction pooler, where it would affect other clients' sessions, unless
    the login has the role by default.
    """
    if behind_pooler(conn) and not brings_role(conn, role):
        conninfo = make_conninfo(conn.info.dsn, password=conn.info.password or None)
        if conninfo not in _own and are_shared(conninfo):
            raise RoleShared(place(conninfo), role)
        _own.add(conninfo)
    conn.execute(SQL("SET ROLE {}").format(Identifier(role)))
    if not conn.autocommit:
        conn.commit()


def brings_role(conn: Connection, role: str) -> bool:
    """Whether every session of this login starts with the role."""
    row = conn.execute(statement("database", "brings_role"), {"role": role}).fetchone()
    if not conn.autocommit:
        conn.commit()
    assert row is not None  # a SELECT without FROM always returns one row
    return bool(row[0])


def refuse_shared(conninfo: str) -> None:
    """For operations with session locks, which a shared session would leave to other clients.

    Raises: SessionShared, DatabaseUnavailable.
    """
    if are_shared(conninfo):
        raise SessionShared(place(conninfo))


def refuse_pooler(conninfo: str) -> None:
    """For operations with connection settings, which a pooler may drop.

    Raises: PoolerBetween, DatabaseUnavailable.
    """
    with closing(_connect(conninfo)) as conn:
        if behind_pooler(conn):
            raise PoolerBetween(place(conninfo))


def are_shared(conninfo: str) -> bool:
    """True behind a pooler that shares sessions between transactions or statements.

    Observed, not guessed from the address: a second connection gets the server process of the first, which
    is still open, or the first one's process changes. Raises: DatabaseUnavailable.
    """
    with closing(_connect(conninfo)) as first:
        if not behind_pooler(first):
            return False
        process = _process(first)
        with closing(_connect(conninfo)) as second:
            return any(_process(second) == process or _process(first) != process for _ in range(_ASKED))


def _connect(conninfo: str) -> Connection:
    soon = make_conninfo(conninfo, connect_timeout=_CONNECT_TIMEOUT_S)
    return connect(soon, application_name="tenure-session", autocommit=True)


def _process(conn: Connection) -> int:
    row = conn.execute("SELECT pg_backend_pid()").fetchone()
    assert row is not None  # a function always returns a row
    return int(row[0])
