"""Histories that give reason for mail, projected, and a runner that sends it."""

import json
from datetime import datetime, timedelta
from typing import Any

from database.pool import Connection
from events.append import append
from events.domain import DomainEvent, user_event
from events.envelope import NewEvent
from jobs import JobRunner
from outbound.email import Transport, email_job, schedule_emails
from projections.runner import Runner
from tests.jobs.shop import NOW, Clock, worker_connection

USER = "user_1"
CUSTOMER = "cus_1"


def person(
    conn: Connection, email: str = "ada@example.com", *, name: str = "Ada", at: datetime = NOW
) -> None:
    """The user as Clerk announces them; late enough to be welcomed."""
    data = {
        "id": USER,
        "first_name": name,
        "last_name": None,
        "primary_email_address_id": "e1",
        "email_addresses": [{"id": "e1", "email_address": email}],
        "created_at": int(at.timestamp() * 1000),
        "updated_at": int(at.timestamp() * 1000),
    }
    body = json.dumps({"type": "user.created", "object": "event", "data": data})
    _append(conn, "clerk", "user.created", USER, "user", body, at, key="msg_1")


def person_without_welcome(conn: Connection, email: str = "ada@example.com", *, name: str = "Ada") -> None:
    """The same, long ago."""
    person(conn, email, name=name, at=NOW - timedelta(days=60))


def own(conn: Connection, fact: DomainEvent, *, at: datetime = NOW, key: str | None = None) -> None:
    name = key or f"{fact.event_type}:{fact.model_dump_json()}"
    append(conn, user_event(fact, user_id=USER, now=at, idempotency_key=name))
    conn.commit()


def stripe(conn: Connection, kind: str, obj: dict[str, Any], *, at: datetime = NOW, key: str) -> None:
    """An event of the customer's."""
    at_s = int(at.timestamp())
    event = {
        "id": key,
        "object": "event",
        "type": kind,
        "created": at_s,
        "livemode": True,
        "data": {"object": obj},
    }
    body = json.dumps(event)
    _append(conn, "stripe", kind, CUSTOMER, "stripe_customer", body, at, key=key)


def _append(
    conn: Connection, source: str, kind: str, route: str, aggregate: str, body: str, at: datetime, *, key: str
) -> None:
    event = NewEvent(
        source_system=source,
        idempotency_key=key,
        route_key=route,
        aggregate_type=aggregate,
        aggregate_id=route,
        event_type=f"{source}.{kind}",
        payload=body,
        occurred_at=at,
    )
    append(conn, event)
    conn.commit()


def project(conninfo: str) -> None:
    """The tables show everything the log says."""
    Runner(lambda: worker_connection(conninfo)).drain()


def schedule(conninfo: str, *, now: datetime = NOW) -> dict[str, int]:
    """Look for reasons once."""
    project(conninfo)
    with worker_connection(conninfo) as conn:
        counts = schedule_emails(conn, now)
    project(conninfo)
    return counts


def send(conninfo: str, transport: Transport, *, clock: Clock | None = None) -> None:
    """Try everything that is due once."""
    job = email_job(transport)
    JobRunner(
        lambda: worker_connection(conninfo), {job.name: job}, clock=clock or Clock(), chance=lambda: 0.5
    ).drain()
    project(conninfo)


def mail_event_types(conn: Connection) -> list[str]:
    """The types of the events about mail, in order."""
    query = "SELECT event_type FROM events WHERE event_type LIKE 'email.%' ORDER BY part, position"
    types = [row[0] for row in conn.execute(query).fetchall()]
    conn.rollback()
    return types


def shown(conn: Connection) -> dict[str, Any]:
    """email_schedule_status of the user."""
    row = conn.execute("SELECT email_schedule_status FROM user_system_data").fetchone()
    conn.rollback()
    assert row is not None
    status: dict[str, Any] = row[0]
    return status
