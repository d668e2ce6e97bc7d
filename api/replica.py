"""Where an answer is read: at the replica for auditors, else at the primary.

An answer read at a replica says how far it is (`Tenure-Head`), for a replica may be behind. Both are of
one snapshot. What an auditor was given is noted at the primary, before the answer leaves.
"""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import Any, cast

import psycopg
import structlog
from flask import Response, g
from psycopg import Connection, errors

from api.deps import Pool, Replica, deps
from api.errors import RequestRefused
from handlers.tokens import Caller
from queries.log_tail import heads, vector_cursor

HEADER = "Tenure-Head"
RETRY_AFTER_S = 5

_log = structlog.get_logger("tenure.api")


@contextmanager
def reading() -> Iterator[Connection[Any]]:  # Any: as the pools
    """A connection to read one answer with.

    Raises: RequestRefused (503) when the replica is away or gave the read up.
    """
    held = _for_caller()
    if held is None:
        with deps().pool.connection() as conn:
            yield conn
        return
    with ExitStack() as opened:
        conn = _met(held, opened)
        try:
            yield conn
        except psycopg.OperationalError as problem:
            if conn.broken:
                raise _away(problem) from problem
            if isinstance(problem, errors.SerializationFailure):
                raise _given_up() from problem
            raise


@contextmanager
def own_connection() -> Iterator[Connection[Any]]:  # Any: as above
    """A connection of its own, for what may take as long as its caller likes.

    Raises: RequestRefused (503) when the replica is away.
    """
    held = _for_caller()
    if held is None:
        with deps().connect() as conn:
            yield conn
        return
    with ExitStack() as opened:
        try:
            conn = opened.enter_context(held.connect())
            _keep_head(conn)
        except Exception as problem:  # whichever way it can't be reached
            raise _away(problem) from problem
        yield conn


@contextmanager
def noting(conn: Connection[Any]) -> Iterator[Connection[Any]]:  # Any: as above
    """What can write the note of a read by `conn`: itself, or a transaction of its own at the primary."""
    if not conn.read_only:
        yield conn
        return
    with deps().pool.connection() as primary:
        yield primary


def reading_pool() -> Pool:
    """For what reads again and again; `Tenure-Head` says where the replica is now.

    Raises: RequestRefused (503) when the replica is away.
    """
    held = _for_caller()
    if held is None:
        return deps().pool
    with reading():
        return held.pool


def told() -> dict[str, object]:
    """`head` for the envelope of a list read at a replica; nothing for others."""
    return {"head": list(g.head)} if "head" in g else {}


def say_head(response: Response) -> None:
    """Put the head vector the answer was read at on it."""
    if "head" in g:
        response.headers[HEADER] = vector_cursor(g.head)


def _for_caller() -> Replica | None:
    """One rule: auditors read at the replica. Who also writes must read what was just written."""
    held, caller = deps().replica, cast("Caller", g.caller)
    return held if held is not None and caller.role == "auditor" else None


def _met(held: Replica, opened: ExitStack) -> Connection[Any]:  # Any: as above
    try:
        conn = opened.enter_context(held.pool.connection())
        _keep_head(conn)
    except psycopg.OperationalError as problem:  # the pool's own errors are such
        raise _away(problem) from problem
    return conn


def _keep_head(conn: Connection[Any]) -> None:  # Any: as above
    g.head = heads(conn)


def _away(problem: Exception) -> RequestRefused:
    _log.error("replica away", error=type(problem).__name__)
    detail = (
        "the replica that answers auditors does not answer; nobody else is touched. Start it again, or unset "
        "DATABASE_REPLICA_URL and restart the service to let the primary answer; tenure doctor looks at it"
    )
    headers = {"Retry-After": str(RETRY_AFTER_S)}
    return RequestRefused(503, "replica-away", "Replica unavailable", detail, headers=headers)


def _given_up() -> RequestRefused:
    detail = (
        "the replica broke this read off to keep up with the primary; try again, or give it more time with "
        "max_standby_streaming_delay or hot_standby_feedback"
    )
    headers = {"Retry-After": str(RETRY_AFTER_S)}
    return RequestRefused(503, "replica-busy", "Replica gave the read up", detail, headers=headers)
