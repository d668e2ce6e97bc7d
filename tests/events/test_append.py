"""The append function: what it answers, what it keeps, in one session."""

import json
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import Any

import psycopg
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from psycopg import Connection

from events.append import append, append_all, keep_unreadable
from events.errors import NaiveInstant
from events.payload import parse
from events.routing import PARTS, part_of
from tests.databases import Server
from tests.events.sample_events import AT, assert_no_gaps, event

Conn = Connection[Any]  # Any: the fixture's rows


@pytest.fixture(scope="module")
def log(server: Server, template: str) -> Iterator[str]:
    """One log for all tests here: each leaves it as it found it, empty."""
    database = server.database(template)
    yield database.conninfo
    database.drop()


@pytest.fixture
def conn(log: str) -> Iterator[Conn]:
    with closing(psycopg.connect(log)) as opened:
        yield opened


def one(conn: Conn, query: str, *args: object) -> Any:
    row = conn.execute(query.encode(), args).fetchone()
    assert row is not None
    return row[0]


def test_first_is_appended_at_the_next_position(conn: Conn) -> None:
    first, second = append(conn, event("evt_1")), append(conn, event("evt_2"))

    assert (first.outcome, first.part, first.position) == ("appended", part_of("cus_1"), 1)
    assert (second.outcome, second.position) == ("appended", 2)
    assert first.id != second.id
    assert second.recorded_at > first.recorded_at


def test_duplicate_answers_with_the_event_that_holds_the_key(conn: Conn) -> None:
    first, again = append(conn, event()), append(conn, event())

    assert again.outcome == "duplicate"
    assert (again.id, again.position, again.recorded_at) == (first.id, first.position, first.recorded_at)
    assert assert_no_gaps(conn) == 1


@pytest.mark.parametrize(
    "payload",
    [
        '{"pending_webhooks": 1, "n": 1}',
        '{ "n":1,\n "pending_webhooks":0 }',
        '{"n":1}',
        '{"n": 1, "n": 1}',
    ],
)
def test_pending_webhooks_and_white_space_make_no_other_event(conn: Conn, payload: str) -> None:
    append(conn, event(payload='{"n": 1, "pending_webhooks": 2}'))

    assert append(conn, event(payload=payload)).outcome == "duplicate"
    assert one(conn, "SELECT count(*) FROM event_conflicts") == 0


def rendered(version: str, body: dict[str, Any], **fields: Any) -> str:
    """One event as an endpoint of that API version gets it."""
    shape = {
        "id": "evt_1",
        "type": "customer.updated",
        "created": 5,
        "livemode": True,
        "api_version": version,
    }
    return json.dumps(shape | {"data": {"object": {"id": "cus_1"} | body}} | fields)


@pytest.mark.parametrize("name", ["Ada", "A\0da"])
def test_one_event_in_two_api_versions_is_no_conflict(conn: Conn, name: str) -> None:
    append(conn, event(payload=rendered("2026-09-30.endive", {"name": name, "items": []})))
    old = rendered("2020-08-27", {"name": name, "plan": "x"}, request="req_1", pending_webhooks=2)

    assert append(conn, event(payload=old)).outcome == "duplicate"
    assert one(conn, "SELECT count(*) FROM event_conflicts") == 0


@pytest.mark.parametrize(
    "fields",
    [
        {"type": "customer.deleted"},
        {"created": 6},
        {"livemode": False},
        {"data": {"object": {"id": "cus_2"}}},
    ],
)
def test_another_event_in_another_api_version_is_a_conflict(conn: Conn, fields: dict[str, Any]) -> None:
    append(conn, event(payload=rendered("2026-09-30.endive", {})))

    assert append(conn, event(payload=rendered("2020-08-27", {}, **fields))).outcome == "conflict"


def test_pending_webhooks_beside_a_nul_make_no_other_event(conn: Conn) -> None:
    append(conn, event(payload='{"name": "\\u0000", "pending_webhooks": 2}'))

    assert append(conn, event(payload='{"name": "\\u0000", "pending_webhooks": 1}')).outcome == "duplicate"


@pytest.mark.parametrize(
    "payload", ['{"n": 2}', '{"n": "1"}', "{}", '{"n": {"pending_webhooks": 1}}', '{"n": 1, "z": "\\u0000"}']
)
def test_other_body_under_a_taken_key_is_kept_as_evidence(conn: Conn, payload: str) -> None:
    first = append(conn, event())
    other = append(conn, event(payload=payload))
    again = append(conn, event(payload=payload))

    assert (other.outcome, again.outcome, other.id) == ("conflict", "conflict", first.id)
    assert one(conn, "SELECT array_agg(event_data::text) FROM event_conflicts") == [payload]
    assert one(conn, "SELECT event_data::text FROM events") == '{"n": 1}'
    assert assert_no_gaps(conn) == 1


def test_each_different_body_is_evidence_once(conn: Conn) -> None:
    for number in (1, 2, 3, 2, 3):
        append(conn, event(payload=f'{{"n": {number}}}'))

    assert one(conn, "SELECT count(*) FROM event_conflicts") == 2


@pytest.mark.parametrize(
    "other",
    [
        {"livemode": False},
        {"source_system": "clerk"},
        {"key": "evt_2"},
        {"key": "acct_x/evt_1"},
    ],
)
def test_source_key_and_mode_are_the_identity(conn: Conn, other: dict[str, Any]) -> None:
    append(conn, event())

    assert append(conn, event(**other)).outcome == "appended"


def test_erased_event_takes_no_evidence(conn: Conn) -> None:
    append(conn, event())
    conn.execute("ALTER TABLE events DISABLE TRIGGER events_no_update")
    conn.execute("UPDATE events SET event_data = NULL, payload_salt = NULL")

    assert append(conn, event(payload='{"secret": "again"}')).outcome == "duplicate"
    assert one(conn, "SELECT count(*) FROM event_conflicts") == 0


@pytest.mark.parametrize(
    "payload",
    [
        '{"z": 1,  "a" : 2, "z": 3}',
        '{"nul": "\\u0000"}',
        '{"half": "\\ud800"}',
        '{"n": 1.0, "m": 1e400, "big": 123456789012345678901234567890}',
        '\t{"text": "Zoë 日本 \U0001f3ab"}\n',
    ],
)
def test_exact_bytes_are_kept(conn: Conn, payload: str) -> None:
    answer = append(conn, event(payload=payload))

    assert one(conn, "SELECT event_data::text FROM events WHERE id = %s", answer.id) == payload
    assert append(conn, event(payload=payload)).outcome == "duplicate"


json_texts = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**64 - 1) | st.text(st.characters(codec="utf-8")),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(st.characters(codec="utf-8")), inner),
)


@settings(max_examples=50)
@given(
    value=st.dictionaries(st.text(st.characters(codec="utf-8")), json_texts),
    ascii_only=st.booleans(),
    indent=st.sampled_from([None, 2]),
)
def test_any_json_object_comes_back_byte_for_byte(
    conn: Conn, value: dict[str, Any], ascii_only: bool, indent: int | None
) -> None:
    text = json.dumps(value, ensure_ascii=ascii_only, indent=indent)
    answer = append(conn, event(sha256(text.encode()).hexdigest(), payload=text))

    stored = one(conn, "SELECT event_data::text FROM events WHERE id = %s", answer.id)
    assert stored == text
    assert parse(stored) == value


def test_digest_is_sha256_of_salt_and_payload(conn: Conn) -> None:
    append_all(conn, [event(f"evt_{n}", payload=f'{{"é": {n}}}') for n in range(3)])
    rows = conn.execute("SELECT payload_salt, payload_digest, event_data::text FROM events").fetchall()

    assert len({bytes(row[0]) for row in rows}) == 3
    assert all(len(row[0]) == 16 for row in rows)
    assert all(sha256(bytes(salt) + text.encode()).digest() == digest for salt, digest, text in rows)


def test_all_of_the_envelope_is_kept(conn: Conn) -> None:
    sent = event(
        event_version=3,
        metadata={"actor": "op", "nested": {"b": [1]}, "nul": "a\x00b"},
        correlation_id="req_1",
        causation_id="evt_0",
    )
    append(conn, sent)
    row = conn.execute(
        "SELECT event_version, metadata, correlation_id, causation_id, occurred_at, aggregate_type,"
        " aggregate_id, event_type, route_key, livemode FROM events"
    ).fetchone()

    assert row is not None
    assert row[:5] == (3, {"actor": "op", "nested": {"b": [1]}, "nul": "a�b"}, "req_1", "evt_0", AT)
    assert row[5:] == ("stripe_customer", "cus_1", "stripe.customer.updated", "cus_1", True)


def test_rolled_back_append_leaves_no_gap(conn: Conn) -> None:
    append(conn, event("evt_1"))
    with conn.transaction(force_rollback=True):
        append_all(conn, [event("evt_2"), event("evt_3")])

    assert append(conn, event("evt_4")).position == 2
    assert assert_no_gaps(conn) == 2


def test_recorded_at_never_steps_back_inside_a_part(conn: Conn) -> None:
    future = datetime.now(UTC) + timedelta(days=1)
    conn.execute("UPDATE part_heads SET recorded_at = %s", [future])

    assert append(conn, event()).recorded_at == future + timedelta(microseconds=1)


def test_append_all_answers_in_the_order_asked(conn: Conn) -> None:
    events = [event(f"evt_{n}", route=f"cus_{n}") for n in (5, 3, 9, 1)]
    answers = append_all(conn, [*events, events[0]])

    assert [a.part for a in answers] == [part_of(e.route_key) for e in [*events, events[0]]]
    assert [a.outcome for a in answers] == ["appended"] * 4 + ["duplicate"]


def test_append_all_keeps_the_order_inside_a_part(conn: Conn) -> None:
    answers = append_all(conn, [event(f"evt_{n}") for n in range(5)])

    assert [a.position for a in answers] == [1, 2, 3, 4, 5]


@pytest.mark.parametrize("payload", ["", "{", "nope", '{"a": NaN}', '{"a": 1} x'])
def test_text_that_is_no_json_is_refused_whole(conn: Conn, payload: str) -> None:
    with pytest.raises(psycopg.DataError):
        append(conn, event(payload=payload))
    conn.rollback()

    assert assert_no_gaps(conn) == 0


def test_instant_without_a_zone_is_refused(conn: Conn) -> None:
    with pytest.raises(NaiveInstant):
        append(conn, event(occurred_at=datetime(2026, 1, 1)))  # noqa: DTZ001 the point


@pytest.mark.parametrize("part", [-1, 64])
def test_part_that_does_not_exist_is_refused(conn: Conn, part: int) -> None:
    append(conn, event())
    query = (
        "SELECT append_event(%s::smallint, gen_random_uuid(), 's', 'k', true, 'r', 'a', 'i', 't', 1,"
        " '{}', '{}', NULL, NULL, now(), '\\x00', '\\x00')"
    )
    with pytest.raises(psycopg.errors.RaiseException, match="has no head"):
        conn.execute(query, [part])


def test_routes_spread_over_all_parts() -> None:
    parts = [part_of(f"cus_{number}") for number in range(5000)]

    assert set(parts) == set(range(PARTS))
    assert max(parts.count(part) for part in range(PARTS)) < 150


@pytest.mark.parametrize(
    ("route", "part"), [("cus_1", 40), ("user_2x", 59), ("catalog", 27), ("acct_x/cus_1", 13), ("", 20)]
)
def test_parts_are_fixed_for_ever(route: str, part: int) -> None:
    """Another hash would lose every duplicate check ever made."""
    assert part_of(route) == part


def test_unreadable_body_is_kept_once_byte_for_byte(conn: Conn) -> None:
    kept = keep_unreadable(
        conn, source_system="stripe", body=b"\xff\x00{", reason="x", metadata={"a": "\x00"}
    )
    again = keep_unreadable(conn, source_system="stripe", body=b"\xff\x00{", reason="y", metadata={})
    other = keep_unreadable(conn, source_system="clerk", body=b"\xff\x00{", reason="y", metadata={})

    assert (kept[0], again[0], other[0]) == ("appended", "duplicate", "appended")
    assert kept[1] == again[1] != other[1]
    assert one(conn, "SELECT body FROM unreadable_deliveries WHERE id = %s", kept[1]) == b"\xff\x00{"
