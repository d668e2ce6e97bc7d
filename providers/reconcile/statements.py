"""This package's SQL, run with rows as dictionaries."""

from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from psycopg import Connection
from psycopg.rows import dict_row

from events.append import append_all
from events.envelope import Appended, NewEvent
from events.routing import part_of
from events.statements import statement
from providers.reconcile.errors import AlreadyRunning

AnyConnection = Connection[Any]  # Any: nothing here cares which row factory the caller uses

LOCK_CLASS = 0x7E40_2EC0


def rows(conn: AnyConnection, name: str, **values: object) -> list[dict[str, Any]]:
    """Rows of one statement; Any: one type a column."""
    with conn.cursor(row_factory=dict_row) as cursor:
        return cursor.execute(statement("providers.reconcile", name), values).fetchall()


def do(conn: AnyConnection, name: str, **values: object) -> None:
    """One statement without an answer."""
    conn.execute(statement("providers.reconcile", name), values)


@contextmanager
def alone(conn: AnyConnection, scope: str) -> Iterator[None]:
    """Nobody else reconciles the scope inside the block. Raises: AlreadyRunning."""
    if not rows(conn, "take_reconcile", **{"class": LOCK_CLASS, "scope": scope})[0]["taken"]:
        raise AlreadyRunning(scope)
    try:
        yield
    finally:
        if not conn.closed:
            rows(conn, "leave_reconcile", **{"class": LOCK_CLASS, "scope": scope})


def erased_among(conn: AnyConnection, routes: Collection[str]) -> set[str]:
    """Those of these routes that are an erased person's: nothing about them is fetched back."""
    found = rows(conn, "erased_among", routes=sorted(routes)) if routes else []
    return {row["route_key"] for row in found}


def unknown(conn: AnyConnection, events: Sequence[NewEvent]) -> list[NewEvent]:
    """Those of the events whose key the log does not hold and that are about no erased person.

    What it holds is not offered again: a webhook is rendered in its endpoint's API version and the
    API's copy in the account's, and two renderings of one event are no conflict worth an alarm.
    """
    erased = erased_among(conn, {event.route_key for event in events})
    events = [event for event in events if event.route_key not in erased]
    found = rows(
        conn,
        "known_keys",
        parts=[part_of(event.route_key) for event in events],
        sources=[event.source_system for event in events],
        keys=[event.idempotency_key for event in events],
        modes=[event.livemode for event in events],
    )
    known = {row["ordinal"] for row in found}
    return [event for number, event in enumerate(events, 1) if number not in known]


def append_unknown(conn: AnyConnection, events: Sequence[NewEvent]) -> list[tuple[NewEvent, Appended]]:
    """Append those the log does not hold and that are about no erased person; the caller owns the
    transaction. An erasure that commits after the objects were fetched counts."""
    rows(conn, "share_erasure")
    wanted = unknown(conn, events)
    return list(zip(wanted, append_all(conn, wanted), strict=True))
