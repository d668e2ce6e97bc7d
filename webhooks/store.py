"""A verified delivery on its way into the log: as an event, or as bytes where it is none."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from time import perf_counter
from typing import Any, TypeVar
from uuid import UUID

import psycopg
import structlog
from psycopg import Connection
from psycopg.pq import TransactionStatus
from psycopg_pool import ConnectionPool

from events.append import append, keep_unreadable
from events.envelope import NewEvent
from events.errors import UnreadablePayload
from events.payload import parse
from webhooks.errors import DatabaseAway
from webhooks.instants import bounded
from webhooks.lenient_json import Json
from webhooks.verification import Body, Verified

Pool = ConnectionPool[Connection[Any]]  # Any: whatever the pool's row factory
Read = Callable[[Json, str, Verified], NewEvent]
Answer = TypeVar("Answer")

_logger = structlog.get_logger(__name__)

POOL_TIMEOUT_S = 5.0  # providers hang up after ten to twenty seconds; they must still hear the 503

# What Postgres says when the body itself is the trouble. "Too deep" is an operational error there,
# yet the same body would meet it again for ever.
REFUSALS = (
    psycopg.DataError,
    psycopg.errors.StatementTooComplex,
    psycopg.errors.ProgramLimitExceeded,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredDelivery:
    """The log's answer, and how long it took; `unreadable` says why only bytes are kept."""

    outcome: str
    event_id: UUID
    append_s: float
    event_type: str | None = None
    unreadable: str | None = None


def store(pool: Pool, source: str, read: Read, body: Body, verified: Verified) -> StoredDelivery:
    """What became of a verified delivery; it is durable when this returns.

    Raises: DatabaseAway.
    """
    started = perf_counter()
    try:
        outcome, event_id, event_type, unreadable = _store(pool, source, read, body, verified)
    except psycopg.Error as problem:
        # Missing rights or tables count too: nothing was kept, so the provider must send it again.
        raise DatabaseAway(type(problem).__name__) from problem
    return StoredDelivery(
        outcome=outcome,
        event_id=event_id,
        append_s=perf_counter() - started,
        event_type=event_type,
        unreadable=unreadable,
    )


def _store(
    pool: Pool, source: str, read: Read, body: Body, verified: Verified
) -> tuple[str, UUID, str | None, str | None]:
    try:
        event = event_in(read, body, verified)
        appended = asked(pool, lambda conn: append(conn, event))
        return appended.outcome, appended.id, event.event_type, None
    except UnreadablePayload as problem:
        reason = problem.reason
    except REFUSALS as problem:
        reason = f"JSON that Postgres refuses ({type(problem).__name__})"
    except psycopg.Error:
        raise
    except Exception as problem:  # a bug of ours is no reason to refuse a signed delivery
        _logger.exception("delivery.unreadable", source=source)
        reason = f"a body that can't be filed ({type(problem).__name__})"
    keep = partial(
        keep_unreadable, source_system=source, body=body.raw, reason=reason, metadata=verified.metadata()
    )
    outcome, kept_id = asked(pool, keep)
    return outcome, kept_id, None, reason


def event_in(read: Read, body: Body, verified: Verified) -> NewEvent:
    """The event in a verified body. Raises: UnreadablePayload."""
    if body.text is None:
        raise UnreadablePayload("bytes that are not UTF-8")
    return bounded(read(parse(body.text), body.text, verified), sent_at=verified.attempted_at)


def asked(
    pool: Pool, ask: Callable[[Connection[Any]], Answer], *, timeout_s: float = POOL_TIMEOUT_S
) -> Answer:
    """The log's answer, asked once more when the connection broke.

    Connections are not tested before use, which would double the round trips; the one that the server
    cut meanwhile shows itself here. Asking twice is safe: the log knows what it has by its key.
    """
    with _statement_by_statement(pool, timeout_s) as conn:
        try:
            return ask(conn)
        except psycopg.OperationalError:
            if not conn.broken:
                raise
    pool.check()  # its idle neighbours are probably cut as well
    with _statement_by_statement(pool, timeout_s) as conn:
        return ask(conn)


@contextmanager
def _statement_by_statement(pool: Pool, timeout_s: float) -> Iterator[Connection[Any]]:
    """Every statement commits itself: one round trip where BEGIN and COMMIT make it three."""
    with pool.connection(timeout=timeout_s) as conn:
        before = conn.autocommit
        if before:
            yield conn
            return
        conn.autocommit = True
        try:
            yield conn
        finally:
            if conn.info.transaction_status is TransactionStatus.IDLE:  # else the pool discards it
                conn.autocommit = before
