"""Whether a login is given a session of its own, or, by a pooler, whichever is free for each transaction."""

from contextlib import closing

from psycopg.conninfo import make_conninfo

from database.errors import SessionShared
from database.pool import Connection, behind_pooler, connect, place

_ASKED = 5
_CONNECT_TIMEOUT_S = 3


def refuse_shared(conninfo: str) -> None:
    """For what leans on a session's locks, which a shared session would leave with strangers.

    Raises: SessionShared, DatabaseUnavailable.
    """
    if are_shared(conninfo):
        raise SessionShared(place(conninfo))


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
    conn = connect(soon, application_name="tenure-session", autocommit=True)
    conn.prepare_threshold = None  # what one session prepares the next does not know
    return conn


def _process(conn: Connection) -> int:
    row = conn.execute("SELECT pg_backend_pid()").fetchone()
    assert row is not None  # a function always answers
    return int(row[0])
