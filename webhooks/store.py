"""Store a verified delivery in the log: as an event, or as bytes where the body is not one."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from threading import BoundedSemaphore
from time import monotonic, perf_counter, sleep
from typing import Any, TypeVar
from uuid import UUID

import psycopg
import structlog
from psycopg import Connection
from psycopg.pq import TransactionStatus
from psycopg_pool import ConnectionPool

from events.append import append_skipping_locked, keep_unreadable
from events.envelope import Appended, NewEvent
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

POOL_TIMEOUT_S = 5.0  # providers time out after ten to twenty seconds and must still get the 503

# How long a delivery waits for a partition that another transaction locks: two of a process, and the others.
PATIENCE_S = 1.0
BRIEF_S = 0.25
LOOK_AGAIN_S = 0.01
_PLACES = BoundedSemaphore(2)

# PostgreSQL's errors about the body itself. "Too deep" is an operational error,
# but every retry of the same body would fail.
REFUSALS = (
    psycopg.DataError,
    psycopg.errors.StatementTooComplex,
    psycopg.errors.ProgramLimitExceeded,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredDelivery:
    """The stored event or bytes, and the seconds it took; `unreadable` says why only bytes are stored."""

    outcome: str
    event_id: UUID
    append_s: float
    event_type: str | None = None
    unreadable: str | None = None


def store(pool: Pool, source: str, read: Read, body: Body, verified: Verified) -> StoredDelivery:
    """Store a verified delivery; it is durable when this returns.

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
        appended = _append(pool, event)
        return appended.outcome, appended.id, event.event_type, None
    except UnreadablePayload as problem:
        reason = problem.reason
    except REFUSALS as problem:
        reason = f"JSON that Postgres refuses ({type(problem).__name__})"
    except (psycopg.Error, DatabaseAway):
        raise
    except Exception as problem:  # a bug in Tenure must not refuse a signed delivery
        _logger.exception("delivery.unreadable", source=source)
        reason = f"a body that can't be filed ({type(problem).__name__})"
    keep = partial(
        keep_unreadable, source_system=source, body=body.raw, reason=reason, metadata=verified.metadata()
    )
    outcome, kept_id = run_on_pool(pool, keep)
    return outcome, kept_id, None, reason


def _append(pool: Pool, event: NewEvent) -> Appended:
    """Append an event; wait if another transaction locks its partition: two deliveries for a second, others
    briefly, since a waiting thread answers no other request.

    Raises: DatabaseAway when the partition stays locked.
    """
    (appended,) = run_on_pool(pool, lambda conn: append_skipping_locked(conn, [event]))
    if appended is None:
        may_wait = _PLACES.acquire(blocking=False)
        try:
            deadline = monotonic() + (PATIENCE_S if may_wait else BRIEF_S)
            while appended is None and monotonic() < deadline:
                sleep(LOOK_AGAIN_S)
                (appended,) = run_on_pool(pool, lambda conn: append_skipping_locked(conn, [event]))
        finally:
            if may_wait:
                _PLACES.release()
    if appended is None:
        raise DatabaseAway("PartitionLocked")
    return appended


def event_in(read: Read, body: Body, verified: Verified) -> NewEvent:
    """The event in a verified body. Raises: UnreadablePayload."""
    if body.text is None:
        raise UnreadablePayload("bytes that are not UTF-8")
    return bounded(read(parse(body.text), body.text, verified), sent_at=verified.attempted_at)


def run_on_pool(
    pool: Pool, ask: Callable[[Connection[Any]], Answer], *, timeout_s: float = POOL_TIMEOUT_S
) -> Answer:
    """The result of `ask`, run once more when the connection broke.

    Connections are not tested before use, which would double the round trips; one that the server
    closed meanwhile fails here. A second run is safe: appends are idempotent by their key.
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
