"""Commands about campaigns, jobs and lists as tests give them."""

from datetime import datetime
from itertools import count
from typing import Any
from uuid import UUID

from events.statements import AnyConnection
from handlers.campaigns import NewCampaign, create_campaign
from handlers.decision import Command, Decided
from handlers.lists import NewList, create_list
from handlers.scraping_jobs import NewJob, create_job, start_job
from tests.handlers.users import NOW

ADA, BOB = "user_ada", "user_bob"
_numbers = count(1)


def command(
    user: str = ADA, *, key: str | None = None, now: datetime = NOW, request: dict[str, Any] | None = None
) -> Command:
    """A command of its own, unless it has a key."""
    name = key or f"k{next(_numbers)}"
    return Command(user_id=user, key=f"{user}:{name}", request=request or {}, now=now, actor="test")


def id_of(decided: Decided) -> UUID:
    return UUID(decided.answer["id"])


def a_campaign(conn: AnyConnection, user: str = ADA, **fields: Any) -> UUID:
    return id_of(create_campaign(conn, command(user), NewCampaign(**{"name": "Tea"} | fields)))


def a_job(conn: AnyConnection, user: str = ADA, *, running: bool = True, **fields: Any) -> UUID:
    job_id = id_of(create_job(conn, command(user), NewJob(**fields)))
    conn.commit()
    if running:
        start_job(conn, command(user), job_id, {})
        conn.commit()
    return job_id


def a_list(conn: AnyConnection, user: str = ADA, **fields: Any) -> UUID:
    return id_of(create_list(conn, command(user), NewList(**{"name": "Best"} | fields)))


def only(conn: AnyConnection, query: str, *values: Any) -> Any:
    """The one value a query gives."""
    row = conn.execute(query.encode(), list(values)).fetchone()
    assert row is not None
    return row[0]
