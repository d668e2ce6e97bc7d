"""The leaf encoding: exact, unambiguous, and covering every immutable column."""

import hashlib
from datetime import UTC, datetime, timedelta, timezone
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from events.seals.leaf import (
    LEAF_COLUMNS,
    LEAF_DOMAIN,
    EventRow,
    event_leaf_hash,
    event_leaf_hashes,
    framed,
    leaf_hash_of_texts,
    leaf_texts,
    microseconds,
)

ROW = EventRow(
    part=7,
    position=3,
    id=UUID("0197f3a0-0000-7000-8000-00000000000a"),
    source_system="stripe",
    idempotency_key="evt_1",
    livemode=True,
    route_key="cus_1",
    aggregate_type="stripe_customer",
    aggregate_id="cus_1",
    event_type="stripe.customer.updated",
    event_version=1,
    metadata='{"né": 1}',
    correlation_id=None,
    causation_id="",
    occurred_at=datetime(2026, 3, 3, 9, 26, 0, 1, tzinfo=UTC),
    recorded_at=datetime(1969, 12, 31, 23, 59, 59, 999_999, tzinfo=UTC),
    payload_digest=bytes(range(32)),
)
CHANGES: dict[str, Any] = {
    "part": 8,
    "position": 4,
    "id": UUID(int=1),
    "livemode": False,
    "event_version": 2,
    "occurred_at": ROW.occurred_at + timedelta(microseconds=1),
    "recorded_at": ROW.recorded_at - timedelta(microseconds=1),
    "payload_digest": bytes(32),
}
TEXTS = st.lists(st.none() | st.text(max_size=5), min_size=17, max_size=17)


def test_the_encoding_is_the_documented_one_byte_for_byte() -> None:
    expected = [
        b"tenure event leaf v1\n",
        b"\x00\x00\x00\x017",
        b"\x00\x00\x00\x013",
        b"\x00\x00\x00\x240197f3a0-0000-7000-8000-00000000000a",
        b"\x00\x00\x00\x06stripe",
        b"\x00\x00\x00\x05evt_1",
        b"\x00\x00\x00\x04true",
        b"\x00\x00\x00\x05cus_1",
        b"\x00\x00\x00\x0fstripe_customer",
        b"\x00\x00\x00\x05cus_1",
        b"\x00\x00\x00\x17stripe.customer.updated",
        b"\x00\x00\x00\x011",
        b'\x00\x00\x00\x0a{"n\xc3\xa9": 1}',
        b"\xff\xff\xff\xff",
        b"\x00\x00\x00\x00",
        b"\x00\x00\x00\x101772529960000001",
        b"\x00\x00\x00\x02-1",
        b"\x00\x00\x00\x40" + bytes(range(32)).hex().encode(),
    ]

    assert framed(LEAF_DOMAIN, leaf_texts(ROW)) == b"".join(expected)
    assert event_leaf_hash(ROW) == hashlib.sha256(b"\x00" + b"".join(expected)).digest()


@pytest.mark.parametrize("column", LEAF_COLUMNS)
def test_changing_any_column_changes_the_leaf(column: str) -> None:
    changed = ROW._replace(**{column: CHANGES.get(column, "other")})

    assert event_leaf_hash(changed) != event_leaf_hash(ROW)


@given(TEXTS, TEXTS)
def test_different_fields_never_share_an_encoding(one: list[str | None], other: list[str | None]) -> None:
    assert (framed(LEAF_DOMAIN, one) == framed(LEAF_DOMAIN, other)) == (one == other)


def test_text_moved_between_fields_changes_the_leaf() -> None:
    moved = ROW._replace(aggregate_type="stripe_custome", aggregate_id="rcus_1")

    assert event_leaf_hash(moved) != event_leaf_hash(ROW)


def test_null_is_not_the_empty_text() -> None:
    assert event_leaf_hash(ROW._replace(correlation_id="")) != event_leaf_hash(ROW)


def test_long_texts_keep_their_exact_length() -> None:
    for length in (1023, 1024, 70_000):
        encoded = framed(b"", ["é" * length])

        assert encoded[:4] == (2 * length).to_bytes(4, "big")


@given(st.datetimes(timezones=st.just(UTC)))
def test_microseconds_are_exact(instant: datetime) -> None:
    epoch = datetime(1970, 1, 1, tzinfo=UTC)

    assert epoch + timedelta(microseconds=microseconds(instant)) == instant


def test_an_instant_is_sealed_alike_in_every_time_zone() -> None:
    elsewhere = ROW.occurred_at.astimezone(timezone(timedelta(hours=5, minutes=30)))

    assert event_leaf_hash(ROW._replace(occurred_at=elsewhere)) == event_leaf_hash(ROW)


def test_time_without_a_zone_is_refused() -> None:
    with pytest.raises(TypeError):
        microseconds(datetime(2026, 3, 3))  # noqa: DTZ001


def test_other_numbers_of_fields_are_refused() -> None:
    with pytest.raises(ValueError, match="17 fields"):
        leaf_hash_of_texts(["x"] * 16)


def test_many_leaves_keep_their_order() -> None:
    second = ROW._replace(position=4)

    assert event_leaf_hashes([ROW, second]) == [event_leaf_hash(ROW), event_leaf_hash(second)]
