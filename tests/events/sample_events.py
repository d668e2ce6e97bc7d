"""Events for tests of the log itself, where nothing of their meaning matters."""

from collections.abc import Callable, Sequence
from contextlib import closing
from datetime import UTC, datetime
from threading import Thread
from typing import Any, TypeVar

import psycopg
from psycopg import Connection

from events.envelope import NewEvent
from events.routing import part_of

AT = datetime(2026, 1, 1, 12, 0, 0, 123_456, UTC)
Conn = Connection[tuple[Any, ...]]  # Any: a row of any columns
T = TypeVar("T")


def event(key: str = "evt_1", *, route: str = "cus_1", payload: str = '{"n": 1}', **fields: Any) -> NewEvent:
    """An event of Stripe's; `fields` sets anything else of the envelope."""
    usual: dict[str, Any] = {
        "source_system": "stripe",
        "idempotency_key": key,
        "route_key": route,
        "aggregate_type": "stripe_customer",
        "aggregate_id": route,
        "event_type": "stripe.customer.updated",
        "payload": payload,
        "occurred_at": AT,
    }
    return NewEvent(**usual | fields)


def routes_of_one_part(how_many: int) -> list[str]:
    """Different routes that share one part, so that their writers meet."""
    part = part_of("cus_0")
    routes = (f"cus_{number}" for number in range(100_000) if part_of(f"cus_{number}") == part)
    return [next(routes) for _ in range(how_many)]


def connected(conninfo: str, work: Callable[[Conn], T]) -> T:
    """What `work` gives on a connection of its own; the caller of psycopg commits."""
    with closing(psycopg.connect(conninfo)) as conn:
        return work(conn)


def all_at_once(works: Sequence[Callable[[], Any]]) -> list[Any]:  # Any: each work's own
    """Each work in a thread of its own; what it gave or raised."""
    answers: list[Any] = [AssertionError("never ran")] * len(works)

    def run(index: int) -> None:
        try:
            answers[index] = works[index]()
        except BaseException as problem:  # handed to the test, which decides
            answers[index] = problem

    threads = [Thread(target=run, args=[index]) for index in range(len(works))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=60)
    assert not any(thread.is_alive() for thread in threads), "a writer hangs"
    return answers


def heads(conn: Conn) -> dict[int, tuple[int, int, int]]:
    """Part to (head, events, highest position)."""
    rows = conn.execute(
        "SELECT h.part, h.head, count(e.part), coalesce(max(e.position), 0)"
        "  FROM part_heads h LEFT JOIN events e USING (part) GROUP BY h.part, h.head"
    ).fetchall()
    return {row[0]: (row[1], row[2], row[3]) for row in rows}


def assert_no_gaps(conn: Conn) -> int:
    """In every part count = head = highest position; how many events there are."""
    parts = heads(conn)
    assert len(parts) == 64
    assert all(head == count == last for head, count, last in parts.values()), parts
    return sum(count for _, count, _ in parts.values())
