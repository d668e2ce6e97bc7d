"""A group appended at once answers, keeps and counts what the same events one by one would."""

import json
from collections.abc import Iterator, Sequence
from contextlib import closing
from typing import Any

import psycopg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from psycopg import Connection

from events.append import append_all, append_skipping_locked
from events.envelope import NewEvent
from events.routing import part_of
from tests.databases import Server
from tests.events.sample_events import assert_no_gaps, event, routes_of_one_part

Conn = Connection[Any]  # Any: the fixture's rows

# As migration 0020 appends one event, statement by statement.
ROW_WISE = """
SELECT outcome, event_position
  FROM append_event(%(part)s::smallint, gen_random_uuid(), %(source)s, %(key)s, %(livemode)s, %(route)s,
                    'customer', 'cus', 'stripe.customer.updated', 1, %(body)s::json, '{}', NULL, NULL, now(),
                    '\\x00', '\\x00')
"""
NOT_LATER = """
SELECT part, position
  FROM (SELECT *, lag(recorded_at) OVER (PARTITION BY part ORDER BY position) AS before FROM events) e
 WHERE recorded_at <= before
"""
ROUTES = [*routes_of_one_part(2), "cus_a", "cus_b"]
EVENTS = st.builds(
    lambda key, route, number, livemode, pending: event(
        key, route=route, payload=json.dumps({"n": number, "pending_webhooks": pending}), livemode=livemode
    ),
    st.sampled_from(["evt_1", "evt_2", "evt_3", "evt_\u00e9\U0001f4b8"]),
    st.sampled_from(ROUTES),
    st.integers(0, 1),
    st.booleans(),
    st.integers(0, 1),
)


@pytest.fixture(scope="module")
def log(server: Server, template: str) -> Iterator[str]:
    copy = server.database(template)
    yield copy.conninfo
    copy.drop()


@settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(st.lists(st.lists(EVENTS, min_size=1, max_size=12), min_size=1, max_size=3))
def test_a_group_means_what_its_events_one_by_one_mean(log: str, groups: list[list[NewEvent]]) -> None:
    with closing(psycopg.connect(log)) as conn:
        answers = [answer for group in groups for answer in append_all(conn, group)]
        at_once = [(answer.outcome, answer.position) for answer in answers], contents(conn)
        assert_no_gaps(conn)
        assert conn.execute(NOT_LATER).fetchall() == []
        conn.rollback()
        row_wise = [row for group in groups for row in append_row_wise(conn, group)], contents(conn)
        conn.rollback()

    assert at_once == row_wise


def append_row_wise(conn: Conn, group: Sequence[NewEvent]) -> list[tuple[Any, ...]]:
    rows: dict[int, tuple[Any, ...]] = {}
    for nth, one in sorted(enumerate(group), key=lambda pair: (part_of(pair[1].route_key), pair[0])):
        values = {
            "part": part_of(one.route_key),
            "source": one.source_system,
            "key": one.idempotency_key,
            "livemode": one.livemode,
            "route": one.route_key,
            "body": one.payload,
        }
        row = conn.execute(ROW_WISE, values).fetchone()
        assert row is not None
        rows[nth] = row
    return [rows[nth] for nth in range(len(group))]


def contents(conn: Conn) -> list[list[tuple[Any, ...]]]:
    """What the log, its heads and the evidence of conflicts hold, without ids and clocks."""
    return [
        conn.execute(query).fetchall()
        for query in (
            b"SELECT part, position, idempotency_key, livemode, route_key, event_data::text FROM events"
            b" ORDER BY 1, 2",
            b"SELECT part, head FROM part_heads ORDER BY part",
            b"SELECT part, position, idempotency_key, event_data::text, body_digest FROM event_conflicts"
            b" ORDER BY 1, 2, 5",
        )
    ]


def test_a_key_that_another_transaction_appends_meanwhile_is_a_duplicate(log: str) -> None:
    with closing(psycopg.connect(log)) as first, closing(psycopg.connect(log)) as second:
        (appended,) = append_all(first, [event("evt_race", route="cus_race")])
        with closing(psycopg.connect(log, autocommit=True)) as third:
            assert append_skipping_locked(third, [event("evt_race", route="cus_race")]) == [None]
        first.commit()
        (again,) = append_all(second, [event("evt_race", route="cus_race")])

    assert (again.outcome, again.id) == ("duplicate", appended.id)


def test_an_event_behind_a_locked_head_is_not_appended_and_the_others_are(log: str) -> None:
    locked, free = routes_of_one_part(1)[0], "cus_a"
    with closing(psycopg.connect(log)) as holder, closing(psycopg.connect(log)) as conn:
        append_all(holder, [event("evt_holder", route=locked)])
        rows = append_skipping_locked(
            conn, [event("evt_skip_1", route=locked), event("evt_skip_2", route=free)]
        )
        holder.rollback()
        assert_no_gaps(conn)
        conn.rollback()

    assert rows[0] is None
    assert rows[1] is not None
    assert rows[1].outcome == "appended"
