"""This package's SQL, run with rows as dictionaries."""

from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from psycopg.rows import dict_row

from events.append import append_all
from events.envelope import Appended, NewEvent
from events.routing import part_of
from events.statements import AnyConnection, statement
from providers.reconcile.errors import AlreadyRunning

LOCK_CLASS = 0x7E40_2EC0


def rows(conn: AnyConnection, name: str, **values: object) -> list[dict[str, Any]]:
    """Rows of one statement; Any: one type a column."""
    with conn.cursor(row_factory=dict_row) as cursor:
        return cursor.execute(statement("providers.reconcile", name), values).fetchall()


def do(conn: AnyConnection, name: str, **values: object) -> None:
    """Run a statement that returns no rows."""
    conn.execute(statement("providers.reconcile", name), values)


@contextmanager
def alone(conn: AnyConnection, scope: str) -> Iterator[None]:
    """Exclude other processes from reconciling the scope inside the block. Raises: AlreadyRunning."""
    if not rows(conn, "take_reconcile", **{"class": LOCK_CLASS, "scope": scope})[0]["taken"]:
        raise AlreadyRunning(scope)
    try:
        yield
    finally:
        if not conn.closed:
            rows(conn, "leave_reconcile", **{"class": LOCK_CLASS, "scope": scope})


def erased_among(conn: AnyConnection, routes: Collection[str]) -> set[str]:
    """Those of these routes that belong to an erased person, whose data must not be fetched again."""
    erased = rows(conn, "erased_among", routes=sorted(routes)) if routes else []
    return {row["route_key"] for row in erased}


def unknown(conn: AnyConnection, events: Sequence[NewEvent]) -> list[NewEvent]:
    """The events whose key the log lacks and that are not about an erased person.

    Known events are not appended again: a webhook is rendered in its endpoint's API version and the
    API's copy in the account's, and two renderings of one event must not raise a conflict.
    """
    erased = erased_among(conn, {event.route_key for event in events})
    events = [event for event in events if event.route_key not in erased]
    known_rows = rows(
        conn,
        "known_keys",
        parts=[part_of(event.route_key) for event in events],
        sources=[event.source_system for event in events],
        keys=[event.idempotency_key for event in events],
        modes=[event.livemode for event in events],
    )
    ordinals = {row["ordinal"] for row in known_rows}
    return [event for number, event in enumerate(events, 1) if number not in ordinals]


def append_unknown(conn: AnyConnection, events: Sequence[NewEvent]) -> list[tuple[NewEvent, Appended]]:
    """Append the events that the log lacks and that are not about an erased person; the caller owns the
    transaction. An erasure that commits after the objects were fetched counts."""
    rows(conn, "share_erasure")
    new_events = unknown(conn, events)
    return list(zip(new_events, append_all(conn, new_events), strict=True))
