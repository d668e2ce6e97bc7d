"""Text that PostgreSQL can hold: replaced in values, so that typed characters never look like an escape."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from events.append import json_text
from events.errors import UnreadablePayload
from events.text import storable, storable_json, storable_value

ODD = st.sampled_from(["\x00", "\ud800", "\udfff", r"\u0000", r"\ufffd", "\\", '"', "\ufffd", "\t", "\u202e"])
TEXTS = st.lists(st.text(st.characters(), max_size=4) | ODD, max_size=5).map("".join)
VALUES = st.recursive(
    TEXTS | st.integers(-(2**63), 2**63 - 1) | st.booleans() | st.none(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXTS, inner, max_size=3),
    max_leaves=8,
)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a\x00b", "a\ufffdb"),
        ("ü\x00", "ü\ufffd"),
        ("\ud800x\udc00", "\ufffdx\ufffd"),
        ("\ud83d\ude00", "\U0001f600"),
        (r"\u0000", r"\u0000"),
        ("\ufeffplain", "\ufeffplain"),
    ],
)
def test_only_nul_and_lone_surrogates_are_replaced(text: str, expected: str) -> None:
    assert storable(text) == expected


@given(VALUES)
def test_encoded_and_decoded_values_are_replaced_alike(value: object) -> None:
    written = json.dumps(value)

    assert json.loads(storable_json(written)) == storable_value(json.loads(written))
    assert storable_json(storable_json(written)) == storable_json(written)


@given(VALUES)
def test_metadata_reads_back_with_the_replacements_alone(value: object) -> None:
    assert json.loads(json_text({"reason": value})) == storable_value({"reason": value})


def test_numbers_keep_their_digits() -> None:
    written = '{"a":1.10,"b":1E400,"c":' + "9" * 5000 + ',"d":"\\u0000"}'

    assert storable_json(written) == written.replace("\\u0000", "\ufffd")


def test_json_without_a_suspect_escape_is_left_as_it_was_written() -> None:
    assert storable_json('{ "a" : "\\u00fc" }') == '{ "a" : "\\u00fc" }'


def test_json_nested_too_deep_is_refused() -> None:
    with pytest.raises(UnreadablePayload, match="nested too deep"):
        storable_json("[" * 90_000 + '"\\u0000"' + "]" * 90_000)
