"""Scheduled scans: append what has fallen due for each user, page by page.

A scan opens its own transactions on the connection it receives, one for the users of each partition on
a page, so a kill loses at most one of them and the next scan does the rest.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import structlog
from psycopg.pq import TransactionStatus
from psycopg.rows import dict_row

from events.clock import EPOCH
from events.routing import part_of
from events.statements import AnyConnection, statement
from handlers.decision import DueFact, settle
from handlers.errors import BusyTransaction
from handlers.expirations import GRACE, WARNING_DAYS, Lapse, grant_over, month_over, trial_ending, trial_over
from projections.errors import StateUnreadable
from projections.fold import present
from projections.state import State, read_stored

PAGE = 500
_FIRST = {"after_at": EPOCH, "after_user": "", "after_id": "00000000-0000-0000-0000-000000000000"}

logger = structlog.get_logger(__name__)


@dataclass(slots=True)
class Summary:
    """The result of a scan. The next scan retries the `failed` users."""

    looked_at: int = 0
    events: int = 0
    users: int = 0
    failed: list[str] = field(default_factory=list)


def expire_trials(conn: AnyConnection, now: datetime, *, grace: timedelta = GRACE) -> Summary:
    """Expire trials past their end without a payment; Stripe's only after the grace."""

    def rule(state: State, at: datetime) -> list[DueFact]:
        return trial_over(state, at, grace=grace)

    return _scan(conn, "trials_to_end", rule, now=now, by=now)


def warn_trials(conn: AnyConnection, now: datetime) -> Summary:
    """Append warnings for trials that end within days; the mail worker sends the mail."""
    by = now + timedelta(days=max(WARNING_DAYS))
    return _scan(conn, "trials_to_end", trial_ending, now=now, by=by)


def reset_usage(conn: AnyConnection, now: datetime) -> Summary:
    """Reset counters whose month is over."""
    return _scan(conn, "months_to_end", month_over, now=now, by=now)


def expire_grants(conn: AnyConnection, now: datetime) -> Summary:
    """Expire granted plans whose end has passed."""
    return _scan(conn, "grants_to_end", grant_over, now=now, by=now)


def candidates(conn: AnyConnection, name: str, by: datetime) -> Iterator[list[State]]:
    """Pages of states of users for whom something may be due; nothing is locked."""
    after: dict[str, Any] = dict(_FIRST)  # Any: parameters of several types
    while True:
        values = {"by": by, "limit": PAGE, **after}
        with conn.transaction(), conn.cursor(row_factory=dict_row) as cursor:
            rows = cursor.execute(statement("handlers", name), values).fetchall()
            users = [row["user_id"] for row in rows]
            states = cursor.execute(statement("handlers", "states_of"), {"users": users}).fetchall()
        yield list(_readable(states))
        if len(rows) < PAGE:
            return
        last = rows[-1]
        at = last.get("recorded_at", last["due_at"])
        after = {"after_at": at, "after_user": last["user_id"], "after_id": last.get("id")}


def _readable(rows: list[dict[str, Any]]) -> Iterator[State]:  # Any: one type a column
    """All states but those that this release can't read: the next event or decision refolds those."""
    for row in rows:
        try:
            yield present(read_stored(row["user_id"], row["state"]))
        except StateUnreadable as problem:
            logger.warning("scan.state_unreadable", user_id=problem.user_id)


def not_yet_appended(conn: AnyConnection, due: dict[str, list[DueFact]]) -> dict[str, list[DueFact]]:
    """The due facts that are not in the log yet."""
    parts_and_keys = [(part_of(user), fact.key) for user, several in due.items() for fact in several]
    values = {"parts": [part for part, _ in parts_and_keys], "keys": [key for _, key in parts_and_keys]}
    with conn.transaction():
        appended = {row[0] for row in _rows(conn, "keys_taken", values)}
    remaining = {
        user: [fact for fact in several if fact.key not in appended] for user, several in due.items()
    }
    return {user: several for user, several in remaining.items() if several}


def _scan(conn: AnyConnection, name: str, rule: Lapse, *, now: datetime, by: datetime) -> Summary:
    if conn.info.transaction_status != TransactionStatus.IDLE:
        raise BusyTransaction
    done = Summary()
    for page in candidates(conn, name, by):
        done.looked_at += len(page)
        due = {state.user_id: _due(rule, state, now, done) for state in page if state.poison is None}
        pending = not_yet_appended(conn, {user: several for user, several in due.items() if several})
        for users in _by_part(pending):
            _settle(conn, users, rule, now=now, done=done)
    return done


def _due(rule: Lapse, state: State, now: datetime, done: Summary) -> list[DueFact]:
    """The due facts; none if the rule raises: the user is counted as failed, and the scan goes on."""
    try:
        return list(rule(state, now))
    except Exception:
        logger.exception("scan.rule_failed", user_id=state.user_id)
        done.failed.append(state.user_id)
        return []


def _by_part(users: dict[str, list[DueFact]]) -> list[list[str]]:
    parts: dict[int, list[str]] = {}
    for user in users:
        parts.setdefault(part_of(user), []).append(user)
    return list(parts.values())


def _settle(conn: AnyConnection, users: list[str], rule: Lapse, *, now: datetime, done: Summary) -> None:
    """All users in one transaction; if that fails, each in its own, so that one can't stop the others."""
    try:
        with conn.transaction():
            appended = settle(conn, users, rule, now=now)
    except Exception as problem:
        if conn.closed:
            raise
        logger.warning(
            "scan.failed", users=len(users), error=type(problem).__name__, exc_info=len(users) == 1
        )
        if len(users) == 1:
            done.failed.append(users[0])
            return
        for user in users:
            _settle(conn, [user], rule, now=now, done=done)
        return
    done.events += sum(appended.values())
    done.users += sum(count > 0 for count in appended.values())


def _rows(conn: AnyConnection, name: str, values: dict[str, Any]) -> list[tuple[Any, ...]]:
    # Any: one type a parameter, one a column
    with conn.cursor() as cursor:
        return cursor.execute(statement("handlers", name), values).fetchall()
