"""Time out jobs, each once, page by page, in one transaction per partition of the log."""

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import structlog
from psycopg.pq import TransactionStatus
from psycopg.rows import dict_row

from events.clock import EPOCH, MICROSECOND, later
from events.domain import user_event
from events.domain.platform import JobTimedOut
from events.envelope import NewEvent
from events.identifiers import key_part
from events.routing import part_of
from events.statements import AnyConnection, statement
from handlers.decision import moment
from handlers.errors import BusyTransaction
from handlers.scheduled_scans import Summary
from projections.decision_transaction import DecisionTransaction, Snapshot
from queries.instants import iso

PAGE = 500
NIL = UUID(int=0)

Row = dict[str, Any]  # Any: a column's value

logger = structlog.get_logger(__name__)


def time_out_jobs(conn: AnyConnection, now: datetime) -> Summary:
    """Append a timeout for each job past its `timeout_at`. Opens its own transactions.

    Raises: BusyTransaction.
    """
    if conn.info.transaction_status != TransactionStatus.IDLE:
        raise BusyTransaction
    done = Summary()
    for page in _due(conn, now):
        done.looked_at += len(page)
        parts: dict[int, set[str]] = {}
        for row in page:
            parts.setdefault(part_of(row["user_id"]), set()).add(row["user_id"])
        for users in parts.values():
            _settle(conn, sorted(users), now, done=done)
    return done


def _due(conn: AnyConnection, now: datetime) -> Iterator[list[Row]]:
    after: tuple[datetime, UUID] = (EPOCH, NIL)
    while True:
        values = {"now": now, "after_at": after[0], "after_id": after[1], "limit": PAGE}
        with conn.transaction():
            rows = _rows(conn, "jobs_to_time_out", values)
        yield rows
        if len(rows) < PAGE:
            return
        after = rows[-1]["timeout_at"], rows[-1]["id"]


def _settle(conn: AnyConnection, users: Sequence[str], now: datetime, *, done: Summary) -> None:
    """All users in one transaction; if that fails, each in its own, so that one can't stop the others."""
    try:
        with conn.transaction():
            answers = DecisionTransaction(conn, part_of(users[0])).decide(
                users, lambda snapshot: _chosen(conn, snapshot, now)
            )
    except Exception as problem:
        if conn.closed:
            raise
        logger.warning("timeouts.failed", users=len(users), error=type(problem).__name__)
        if len(users) == 1:
            done.failed.append(users[0])
            return
        for user in users:
            _settle(conn, [user], now, done=done)
        return
    done.events += sum(answer.outcome == "appended" for answer in answers)
    done.users += len(users) if answers else 0


def _chosen(conn: AnyConnection, snapshot: Snapshot, now: datetime) -> list[NewEvent]:
    """The partition is locked, so what is due now stays due until these events are appended."""
    chosen: list[NewEvent] = []
    numbers: dict[str, int] = {}
    for row in _rows(conn, "jobs_due_of", {"users": list(snapshot.users), "now": now}):
        user = row["user_id"]
        number = numbers[user] = numbers.get(user, -1) + 1
        chosen.append(
            user_event(
                JobTimedOut(job_id=row["id"], timeout_at=row["timeout_at"]),
                user_id=user,
                now=later(moment(snapshot.users[user].state, now), number * MICROSECOND),
                idempotency_key=f"job.timed_out:{key_part(user)}:{row['id']}:{iso(row['timeout_at'])}",
            )
        )
    return chosen


def _rows(conn: AnyConnection, name: str, values: dict[str, Any]) -> list[Row]:  # Any: parameters
    with conn.cursor(row_factory=dict_row) as cursor:
        return cursor.execute(statement("handlers", name), values).fetchall()
