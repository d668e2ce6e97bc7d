"""The leaf encoding: exact, unambiguous, and covering every immutable column."""

import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from events.seals.leaf import LEAF_COLUMNS, LEAF_DOMAIN, framed, leaf_hash_of_texts

ROW = dict(
    zip(
        LEAF_COLUMNS,
        (
            *("7", "3", "0197f3a0-0000-7000-8000-00000000000a", "stripe", "evt_1", "true", "cus_1"),
            *("stripe_customer", "cus_1", "stripe.customer.updated", "1", '{"né": 1}', None, ""),
            *("1772529960000001", "-1", bytes(range(32)).hex()),
        ),
        strict=True,
    )
)
TEXTS = st.lists(st.none() | st.text(max_size=5), min_size=17, max_size=17)


def leaf(row: dict[str, str | None]) -> bytes:
    return leaf_hash_of_texts(list(row.values()))


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

    assert framed(LEAF_DOMAIN, ROW.values()) == b"".join(expected)
    assert leaf(ROW) == hashlib.sha256(b"\x00" + b"".join(expected)).digest()


@pytest.mark.parametrize("column", LEAF_COLUMNS)
def test_changing_any_column_changes_the_leaf(column: str) -> None:
    assert leaf(ROW | {column: "other"}) != leaf(ROW)


@given(TEXTS, TEXTS)
def test_different_fields_never_share_an_encoding(one: list[str | None], other: list[str | None]) -> None:
    assert (framed(LEAF_DOMAIN, one) == framed(LEAF_DOMAIN, other)) == (one == other)


def test_text_moved_between_fields_changes_the_leaf() -> None:
    moved = ROW | {"aggregate_type": "stripe_custome", "aggregate_id": "rcus_1"}

    assert leaf(moved) != leaf(ROW)


def test_null_is_not_the_empty_text() -> None:
    assert leaf(ROW | {"correlation_id": ""}) != leaf(ROW)


def test_long_texts_keep_their_exact_length() -> None:
    for length in (1023, 1024, 70_000):
        encoded = framed(b"", ["é" * length])

        assert encoded[:4] == (2 * length).to_bytes(4, "big")


def test_other_numbers_of_fields_are_refused() -> None:
    with pytest.raises(ValueError, match="17 fields"):
        leaf_hash_of_texts(["x"] * 16)
