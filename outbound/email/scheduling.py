"""Schedule mail for events in the log: the email event and the job are one transaction."""

from datetime import datetime, timedelta
from typing import Any

import structlog
from psycopg.rows import dict_row

from events import livemode
from events.append import append
from events.domain import user_event
from events.domain.user import EmailScheduled
from events.errors import UnreadablePayload
from events.identifiers import key_part
from events.routing import part_of
from events.statements import AnyConnection, statement
from handlers.configuration import configured
from jobs import enqueue
from outbound.email.occasions import OCCASIONS, OF_EVENT, DueMail, due_in

logger = structlog.get_logger(__name__)

EMAIL_JOB = "email"
PRIORITY = 10
WINDOW = timedelta(days=3)
"""Older events send no mail, so a replayed or imported log sends none."""


def schedule_email(
    conn: AnyConnection,
    user_id: str,
    occasion: str,
    due: DueMail,
    *,
    now: datetime,
    scheduled_for: datetime,
    causation_id: str | None = None,
) -> bool:
    """True if this is new. The same user, occasion and instance is scheduled only once.

    The event and the job are in the caller's transaction.
    """
    assert occasion in OCCASIONS, occasion
    event = user_event(
        EmailScheduled(occasion=occasion, scheduled_for=scheduled_for),
        user_id=user_id,
        now=now,
        idempotency_key=email_key("scheduled", user_id, occasion, due.instance),
        causation_id=causation_id,
    )
    if append(conn, event).outcome != "appended":
        return False
    payload = {"user_id": user_id, "occasion": occasion, "instance": due.instance, "about": due.about}
    enqueue(
        conn,
        EMAIL_JOB,
        payload,
        now=now,
        scheduled_for=scheduled_for,
        priority=PRIORITY,
        max_retries=configured(conn, "jobs", "max_retries"),
        dedupe_key=email_key("job", user_id, occasion, due.instance),
    )
    return True


def schedule_emails(conn: AnyConnection, now: datetime) -> dict[str, int]:
    """Schedule the mail that is due; returns the number of messages by occasion, and `failed`.

    `conn` is in autocommit: each message has its own transaction, and one that fails stops no other.
    """
    counts: dict[str, int] = {}
    for row, due in _unscheduled(conn, now):
        occasion = OF_EVENT[row["event_type"]].name
        try:
            with conn.transaction():
                is_new = schedule_email(
                    conn,
                    row["user_id"],
                    occasion,
                    due,
                    now=now,
                    scheduled_for=row["occurred_at"],
                    causation_id=str(row["id"]),
                )
        except Exception:
            if conn.closed:
                raise
            logger.exception("emails.not_scheduled", user_id=row["user_id"], occasion=occasion)
            counts["failed"] = counts.get("failed", 0) + 1
            continue
        if is_new:
            counts[occasion] = counts.get(occasion, 0) + 1
    return counts


def email_key(what: str, user_id: str, occasion: str, instance: str) -> str:
    """The idempotency key of an event about one message."""
    return f"email.{what}:{key_part(user_id)}:{occasion}:{instance}"


def _unscheduled(
    conn: AnyConnection, now: datetime
) -> list[tuple[dict[str, Any], DueMail]]:  # Any: one type a column
    values = {"types": list(OF_EVENT), "since": now - WINDOW, "live_only": livemode.live_only()}
    due_by_key: dict[str, tuple[dict[str, Any], DueMail]] = {}
    for row in _rows(conn, "reasons", values):
        occasion = OF_EVENT[row["event_type"]]
        try:
            due = due_in(occasion, row["payload"], occurred_at=row["occurred_at"])
        except Exception as problem:  # one event that can't be read must not hold back the others
            if not isinstance(problem, UnreadablePayload):
                logger.exception("emails.reason_unreadable", event_id=str(row["id"]))
            due = None
        if due is not None:
            key = email_key("scheduled", row["user_id"], occasion.name, due.instance)
            due_by_key.setdefault(key, (row, due))
    parts = [part_of(row["user_id"]) for row, _ in due_by_key.values()]
    already = _rows(conn, "scheduled_already", {"parts": parts, "keys": list(due_by_key)})
    for row in already:
        due_by_key.pop(row["idempotency_key"], None)
    return list(due_by_key.values())


def _rows(conn: AnyConnection, name: str, values: dict[str, Any]) -> list[dict[str, Any]]:
    # Any: one type a column
    with conn.cursor(row_factory=dict_row) as cursor:
        return cursor.execute(statement("outbound.email", name), values).fetchall()
