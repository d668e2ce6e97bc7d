"""A log and a live projector for tests: tell it, ask it, wait for it."""

import time
from collections.abc import Callable
from threading import Event
from typing import Any

from events.append import append_all
from events.envelope import NewEvent
from tests.laws.projected import session, tables_in
from tests.projections.model import tables_of


def tell(conninfo: str, *events: NewEvent) -> None:
    with session(conninfo) as conn, conn.transaction():
        append_all(conn, events)


def ask(conninfo: str, query: str) -> list[Any]:
    """The first column of every row."""
    with session(conninfo) as conn:
        return [row[0] for row in conn.execute(query.encode())]


def lag(conninfo: str) -> int:
    query = "SELECT sum(h.head - c.position) FROM part_heads h JOIN projection_checkpoints c USING (part)"
    return int(ask(conninfo, query)[0])


def assert_true(conninfo: str, *events: NewEvent) -> None:
    """Tables are those of the plain law."""
    expected = tables_of(events)
    with session(conninfo) as conn:
        assert tables_in(conn, expected) == expected
        assert len(ask(conninfo, "SELECT user_id FROM users")) == len(expected)


def wait_for(done: Callable[[], bool], *, timeout_s: float) -> None:
    """Until it holds; fails the test when it takes longer."""
    end = time.monotonic() + timeout_s
    while not done():
        assert time.monotonic() < end, "took too long"
        Event().wait(0.01)
