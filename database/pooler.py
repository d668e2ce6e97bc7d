"""Whether a login is given a session of its own, or, by a pooler, whichever is free for each transaction."""

from contextlib import closing

from psycopg.conninfo import make_conninfo
from psycopg.sql import SQL, Identifier

from database.errors import PoolerBetween, RoleShared, SessionShared
from database.pool import Connection, behind_pooler, connect, place
from events.statements import statement

_ASKED = 5
_CONNECT_TIMEOUT_S = 3

_own: set[str] = set()  # addresses seen to give sessions of their own: what a pooler does, it does for all


def take_role(conn: Connection, role: str) -> None:
    """The rights of that role and no others, for as long as the session lives.

    Raises: RoleShared where the session is lent out by transaction, and the login does not bring the
    role along: then it would be taken in a stranger's session.
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
    """Whether every session of this login begins with the role."""
    row = conn.execute(statement("database", "brings_role"), {"role": role}).fetchone()
    if not conn.autocommit:
        conn.commit()
    assert row is not None  # a SELECT without FROM always answers one row
    return bool(row[0])


def refuse_shared(conninfo: str) -> None:
    """For what leans on a session's locks, which a shared session would leave with strangers.

    Raises: SessionShared, DatabaseUnavailable.
    """
    if are_shared(conninfo):
        raise SessionShared(place(conninfo))


def refuse_pooler(conninfo: str) -> None:
    """For what leans on settings a connection begins with, which a pooler may leave out.

    Raises: PoolerBetween, DatabaseUnavailable.
    """
    with closing(_connect(conninfo)) as conn:
        if behind_pooler(conn):
            raise PoolerBetween(place(conninfo))


def are_shared(conninfo: str) -> bool:
    """True behind a pooler that lends sessions out by transaction or statement.

    Seen, not guessed from an address: a second connection is given the process of the first, which is
    still there, or the first finds itself in another one than before. Raises: DatabaseUnavailable.
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
    assert row is not None  # a function always answers
    return int(row[0])
