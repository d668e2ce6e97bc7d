"""A decision that another transaction stopped is made again, a few times."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from psycopg import Connection, errors

from handlers.retry import ATTEMPTS, attempt


@contextmanager
def nobody() -> Iterator[Any]:  # Any: a connection that is not used
    yield None


def stopped(times: int, tries: list[int]) -> str:
    """What a decision does that is stopped the first `times`."""
    tries.append(1)
    if len(tries) <= times:
        raise errors.DeadlockDetected
    return "decided"


def test_decision_that_was_stopped_is_made_again() -> None:
    tries: list[int] = []

    assert attempt(nobody, lambda _: stopped(ATTEMPTS - 1, tries)) == "decided"
    assert len(tries) == ATTEMPTS


def test_decision_that_is_always_stopped_says_so() -> None:
    tries: list[int] = []

    with pytest.raises(errors.DeadlockDetected):
        attempt(nobody, lambda _: stopped(ATTEMPTS, tries))
    assert len(tries) == ATTEMPTS


def test_refusal_is_not_asked_again() -> None:
    tries: list[int] = []

    def refuse(_: Connection[Any]) -> None:
        tries.append(1)
        raise LookupError

    with pytest.raises(LookupError):
        attempt(nobody, refuse)
    assert tries == [1]
