"""Choose the database of a read: the replica for auditors, else the primary.

A response read at a replica carries the replica's head (`Tenure-Head`), since a replica may lag. Both are of
one snapshot. An auditor's read is recorded at the primary before the response leaves.
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
    """A connection to read one response with.

    Raises: RequestRefused (503) when the replica is down or cancelled the read.
    """
    replica = _for_caller()
    if replica is None:
        with deps().pool.connection() as conn:
            yield conn
        return
    with ExitStack() as opened:
        conn = _met(replica, opened)
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
    """A separate connection, for responses of any duration.

    Raises: RequestRefused (503) when the replica is down.
    """
    replica = _for_caller()
    if replica is None:
        with deps().connect() as conn:
            yield conn
        return
    with ExitStack() as opened:
        try:
            conn = opened.enter_context(replica.connect())
            _keep_head(conn)
        except Exception as problem:  # any connection error
            raise _away(problem) from problem
        yield conn


@contextmanager
def noting(conn: Connection[Any]) -> Iterator[Connection[Any]]:  # Any: as above
    """The connection that records a read by `conn`: itself, or a separate transaction at the primary."""
    if not conn.read_only:
        yield conn
        return
    with deps().pool.connection() as primary:
        yield primary


def reading_pool() -> Pool:
    """A pool for repeated reads; `Tenure-Head` is the replica's head now.

    Raises: RequestRefused (503) when the replica is down.
    """
    replica = _for_caller()
    if replica is None:
        return deps().pool
    with reading():
        return replica.pool


def head_field() -> dict[str, object]:
    """`head` for the envelope of a list read at a replica; empty otherwise."""
    return {"head": list(g.head)} if "head" in g else {}


def set_head_header(response: Response) -> None:
    """Set the header with the head vector at which the response was read."""
    if "head" in g:
        response.headers[HEADER] = vector_cursor(g.head)


def _for_caller() -> Replica | None:
    """The replica for auditors; None for callers that also write, which must read their own writes."""
    replica, caller = deps().replica, cast("Caller", g.caller)
    return replica if replica is not None and caller.role == "auditor" else None


def _met(replica: Replica, opened: ExitStack) -> Connection[Any]:  # Any: as above
    try:
        conn = opened.enter_context(replica.pool.connection())
        _keep_head(conn)
    except psycopg.OperationalError as problem:  # includes the pool's errors
        raise _away(problem) from problem
    return conn


def _keep_head(conn: Connection[Any]) -> None:  # Any: as above
    g.head = heads(conn)


def _away(problem: Exception) -> RequestRefused:
    _log.error("replica away", error=type(problem).__name__)
    detail = (
        "the replica for auditors is down; other callers are not affected. Start it again, or unset "
        "DATABASE_REPLICA_URL and restart the service to read from the primary; tenure doctor checks it"
    )
    headers = {"Retry-After": str(RETRY_AFTER_S)}
    return RequestRefused(503, "replica-away", "Replica unavailable", detail, headers=headers)


def _given_up() -> RequestRefused:
    detail = (
        "the replica cancelled this read to keep up with the primary; try again, or give it more time with "
        "max_standby_streaming_delay or hot_standby_feedback"
    )
    headers = {"Retry-After": str(RETRY_AFTER_S)}
    return RequestRefused(503, "replica-busy", "Replica gave the read up", detail, headers=headers)
