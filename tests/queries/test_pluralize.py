"""Numbers with the words that go with them."""

import pytest

from queries.pluralize import counted


@pytest.mark.parametrize(
    ("number", "words", "text"),
    [
        (0, ("event",), "0 events"),
        (1, ("event",), "1 event"),
        (2, ("event",), "2 events"),
        (1, ("event waits", "events wait"), "1 event waits"),
        (2, ("event waits", "events wait"), "2 events wait"),
        (1, ("query is", "queries are"), "1 query is"),
    ],
)
def test_one_is_one_and_others_are_many(number: int, words: tuple[str, ...], text: str) -> None:
    assert counted(number, *words) == text
