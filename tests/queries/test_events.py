"""Searching the log."""

from dataclasses import replace
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from psycopg import Connection

from events.clock import micros
from projections.links import Claim, Claims
from queries.cursors import EventKey, event_cursor, read_event_cursor
from queries.errors import BadCursor
from queries.events import EventFilter, EventPage, event_types, one_event, search
from tests.queries.users import AT, append_event, link

ALL = EventFilter()
HOUR = timedelta(hours=1)


def keys(page: EventPage) -> list[str]:
    return [row["idempotency_key"] for row in page.items]


def test_newest_come_first_and_bodies_stay_out(conn: Connection[Any]) -> None:
    for n in range(3):
        append_event(conn, f"evt_{n}", route_key=f"cus_{n}")

    page = search(conn, ALL, limit=10)

    assert keys(page) == ["evt_2", "evt_1", "evt_0"]
    assert "event_data" not in page.items[0]
    assert (page.next, page.previous) == (None, None)


def test_a_body_is_the_text_that_was_received(conn: Connection[Any]) -> None:
    body = '{ "b":1.10,\n"a" : "\\u0000\\ud800", "n": 123456789012345678901234567890}'
    append_event(conn, "evt_1", payload=body)

    page = search(conn, ALL, limit=1, bodies=True)

    assert page.items[0]["event_data"] == body


def test_pages_go_forth_and_back_over_the_same_events(conn: Connection[Any]) -> None:
    expected = [f"evt_{n}" for n in reversed(range(7))]
    for key in reversed(expected):
        append_event(conn, key, route_key=key)

    first = search(conn, ALL, limit=3)
    second = search(conn, ALL, limit=3, after=first.next)
    third = search(conn, ALL, limit=3, after=second.next)
    assert keys(first) + keys(second) + keys(third) == expected
    assert (first.previous, third.next) == (None, None)

    back = search(conn, ALL, limit=3, before=third.previous)
    start = search(conn, ALL, limit=3, before=back.previous)
    assert (keys(back), keys(start)) == (keys(second), keys(first))
    assert (start.previous, start.next is not None) == (None, True)


def test_events_of_one_instant_are_neither_lost_nor_repeated(conn: Connection[Any]) -> None:
    conn.execute("SET session_replication_role = replica")  # lets the rows be made alike
    for n in range(9):
        append_event(conn, f"evt_{n}", route_key=f"cus_{n % 3}")
    conn.execute("ALTER TABLE events DISABLE TRIGGER events_no_update")
    conn.execute("UPDATE events SET recorded_at = %s", [AT])

    seen: list[str] = []
    after: str | None = None
    for _ in range(5):
        page = search(conn, ALL, limit=2, after=after)
        seen += keys(page)
        after = page.next

    assert after is None
    assert sorted(seen) == [f"evt_{n}" for n in range(9)]


def test_a_users_events_are_their_own_and_their_customers(conn: Connection[Any]) -> None:
    link(conn, "cus_a", "user_1")
    link(conn, "cus_b", "user_1")
    link(conn, "cus_z", "user_2")
    for route in ("cus_a", "cus_b", "cus_z", "cus_unlinked", "user_1"):
        append_event(conn, f"of_{route}", route_key=route)
    for route in ("user_1", "user_2"):
        append_event(conn, f"own_of_{route}", source_system="clerk", aggregate_type="user", route_key=route)

    page = search(conn, EventFilter(user_id="user_1"), limit=10)

    assert sorted(keys(page)) == ["of_cus_a", "of_cus_b", "own_of_user_1"]


def test_user_named_as_a_route_of_the_service_has_only_their_own_events(conn: Connection[Any]) -> None:
    append_event(conn, "sealed", source_system="tenure", aggregate_type="log", route_key="system")
    append_event(conn, "counted", source_system="tenure", aggregate_type="user", route_key="system")

    assert keys(search(conn, EventFilter(user_id="system"), limit=10)) == ["counted"]


def test_customers_events_are_the_users_only_for_as_long_as_it_was_theirs(conn: Connection[Any]) -> None:
    claims = Claims(first_at=0, seen_at=0)
    claims.add_word("customer", Claim(micros(AT), "evt_1", micros(AT), "user_1", 3))
    claims.add_word("customer", Claim(micros(AT + HOUR), "evt_2", micros(AT + HOUR), "user_2", 3))
    link(conn, "cus_a", "user_2", claims)
    for name, at in (("before", AT - HOUR), ("first", AT), ("second", AT + HOUR)):
        append_event(conn, name, route_key="cus_a", occurred_at=at)

    assert keys(search(conn, EventFilter(user_id="user_1"), limit=10)) == ["first", "before"]
    assert keys(search(conn, EventFilter(user_id="user_2"), limit=10)) == ["second"]


@pytest.mark.parametrize(
    ("filters", "expected"),
    [
        (EventFilter(type="stripe.invoice.paid"), ["evt_paid"]),
        (EventFilter(type="stripe.invoice.*"), ["evt_failed", "evt_paid"]),
        (EventFilter(type="stripe.in*"), ["evt_failed", "evt_paid"]),
        (EventFilter(type="stripe.invoice"), []),
        (EventFilter(type="nothing.*"), []),
        (EventFilter(type="*", source="clerk"), ["msg_1"]),
        (EventFilter(type="%*"), []),
        (EventFilter(source="clerk"), ["msg_1"]),
        (EventFilter(aggregate_id="in_1"), ["evt_paid"]),
        (EventFilter(user_id="user_1", type="clerk.*"), ["msg_1"]),
    ],
)
def test_filters(conn: Connection[Any], filters: EventFilter, expected: list[str]) -> None:
    append_event(conn, "evt_paid", event_type="stripe.invoice.paid", aggregate_id="in_1")
    append_event(conn, "evt_failed", event_type="stripe.invoice.payment_failed")
    append_event(conn, "msg_1", event_type="clerk.user.created", source_system="clerk", route_key="user_1")

    assert sorted(keys(search(conn, filters, limit=10))) == expected


def test_a_window_of_occurrence_is_paged_by_occurrence(conn: Connection[Any]) -> None:
    for n in (3, 0, 4, 1, 2):  # recorded in this order
        append_event(conn, f"evt_{n}", occurred_at=AT + timedelta(seconds=n // 2))
    window = EventFilter(occurred_after=AT)

    first = search(conn, window, limit=2)
    second = search(conn, window, limit=2, after=first.next)
    third = search(conn, window, limit=2, after=second.next)
    back = search(conn, window, limit=2, before=second.previous)

    assert keys(first)[0] == "evt_4"
    assert sorted(keys(first) + keys(second) + keys(third)) == [f"evt_{n}" for n in range(5)]
    assert {keys(third)[0]} <= {"evt_0", "evt_1"}
    assert (keys(back), third.next) == (keys(first), None)
    with pytest.raises(BadCursor):
        search(conn, ALL, limit=2, after=first.next)


def test_windows_side_by_side_share_no_event(conn: Connection[Any]) -> None:
    us = timedelta(microseconds=1)
    for n in range(4):
        append_event(conn, f"evt_{n}", occurred_at=AT + n * us)
    edge = AT + 2 * us

    earlier = search(conn, EventFilter(occurred_before=edge), limit=10)
    later = search(conn, EventFilter(occurred_after=edge), limit=10)

    assert (keys(earlier), keys(later)) == (["evt_1", "evt_0"], ["evt_3", "evt_2"])


def test_recorded_window_is_exact_to_the_microsecond(conn: Connection[Any]) -> None:
    first, second = append_event(conn, "evt_1"), append_event(conn, "evt_2")

    only_second = search(conn, EventFilter(recorded_after=second.recorded_at), limit=10)
    only_first = search(conn, EventFilter(recorded_before=second.recorded_at), limit=10)

    assert first.recorded_at < second.recorded_at
    assert (keys(only_first), keys(only_second)) == (["evt_1"], ["evt_2"])


def test_one_event_by_its_id_or_its_providers(conn: Connection[Any]) -> None:
    appended = append_event(conn, "evt_1")
    append_event(conn, "msg_1", source_system="clerk")

    by_id, by_key, by_svix = (one_event(conn, k) for k in (str(appended.id), "evt_1", "msg_1"))

    assert by_id is not None
    assert by_id == by_key
    assert by_id["event_data"] == '{"id": "evt_1"}'
    assert by_svix is not None
    assert (one_event(conn, str(uuid4())), one_event(conn, "evt_2")) == (None, None)


def test_a_live_event_comes_before_a_test_event_of_the_same_id(conn: Connection[Any]) -> None:
    append_event(conn, "evt_1", livemode=False)
    live = append_event(conn, "evt_1", livemode=True)

    event = one_event(conn, "evt_1")

    assert event is not None
    assert event["id"] == live.id


def test_types_are_listed_once(conn: Connection[Any]) -> None:
    assert event_types(conn) == []
    for n, kind in enumerate(["b.x", "a.x", "b.x", "c.x"]):
        append_event(conn, f"evt_{n}", event_type=kind)

    assert event_types(conn) == ["a.x", "b.x", "c.x"]


def test_count_is_the_planners_estimate(conn: Connection[Any]) -> None:
    for n in range(50):
        append_event(conn, f"evt_{n}", source_system="clerk" if n % 5 == 0 else "stripe")
    assert search(conn, ALL, limit=1).estimated_count is None
    conn.execute("ANALYZE events")

    assert search(conn, ALL, limit=1).estimated_count == 50
    assert search(conn, EventFilter(source="clerk"), limit=1).estimated_count == 10


def test_cursor_keeps_every_microsecond() -> None:
    key = EventKey(AT + timedelta(days=365 * 500, microseconds=7), 63, 2**62)

    assert read_event_cursor(event_cursor(key)) == key


@pytest.mark.parametrize("change", [{"part": 64}, {"position": 0}])
def test_a_cursor_that_no_event_can_have_is_refused(change: dict[str, int]) -> None:
    with pytest.raises(BadCursor):
        read_event_cursor(event_cursor(replace(EventKey(AT, 1, 1), **change)))  # type: ignore[arg-type]


@pytest.mark.parametrize("cursor", ["", "AAAA", "====", "ZX__________________________", "💥" * 7])
def test_a_bad_cursor_is_refused(conn: Connection[Any], cursor: str) -> None:
    with pytest.raises(BadCursor):
        search(conn, ALL, limit=1, after=cursor)
