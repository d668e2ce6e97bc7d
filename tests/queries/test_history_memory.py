"""A history reads bodies one at a time: its memory does not grow with the size of the user's log."""

import tracemalloc
from typing import Any

from psycopg import Connection

from events.append import append_all
from queries.history import history_page
from queries.history_at import past_state
from tests.handlers.users import project
from tests.projections import event_builders

MIB = 1024 * 1024


def test_a_history_holds_one_body_at_a_time(conn: Connection[Any]) -> None:
    customer = {"id": "cus_1", "object": "customer", "description": "d" * MIB}
    events = [event_builders.stripe("customer.updated", customer, at=at) for at in range(1, 25)]
    append_all(conn, [event_builders.linked(user_id="user_1", customer_id="cus_1"), *events])
    project(conn)

    tracemalloc.start()
    try:
        page = history_page(conn, "user_1", limit=200)
        state = past_state(conn, "user_1", known_at=None).state()
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()

    assert page is not None
    assert len(page.items) == 25
    assert state is not None
    assert peak < 8 * MIB
