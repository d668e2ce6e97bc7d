"""Platform events for tests, and the platform's tables as they stand."""

from collections.abc import Iterable
from itertools import count
from typing import Any
from uuid import UUID, uuid5

from psycopg import Connection, sql

from events.domain import DomainEvent
from events.envelope import NewEvent
from events.identifiers import TENURE_NAMESPACE
from projections.aggregates import TABLES
from projections.aggregates.rebuild import work_of
from projections.facts import Fact
from projections.rows import Row
from tests.projections import event_builders
from tests.projections.event_builders import USER

Rows = dict[str, list[dict[str, Any]]]  # Any: column values
_numbers = count(1)


def uid(name: str, user: str = USER) -> UUID:
    """The id of something of that name, a user's own."""
    return uuid5(TENURE_NAMESPACE, f"{user}/{name}")


def event_of(fact: DomainEvent, at: float = 0, *, user: str = USER) -> NewEvent:
    return event_builders.own(fact, at=at, user=user, key=f"{fact.event_type}:{user}:{next(_numbers)}")


def folded(*events: NewEvent, user: str = USER) -> dict[str, list[Any]]:
    """campaigns, jobs and lists of a user after these events."""
    work = work_of(user, facts_of(events))
    return {"campaigns": work.campaigns, "jobs": work.jobs, "lists": work.lists}


def facts_of(events: Iterable[NewEvent]) -> list[Fact]:
    return event_builders.facts_of(events)


def tables(conn: Connection[Any], users: Iterable[str]) -> Rows:
    """Every row of these users, in order."""
    rows: Rows = {}
    for table in TABLES:
        query = sql.SQL("SELECT to_jsonb(t) FROM {} t WHERE user_id = ANY (%s) ORDER BY 1").format(
            sql.Identifier(table)
        )
        rows[table] = [row[0] for row in conn.execute(query, [list(users)]).fetchall()]
    return rows


__all__ = ["Row", "Rows", "event_of", "facts_of", "folded", "tables", "uid"]
