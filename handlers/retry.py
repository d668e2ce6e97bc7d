"""Run a decision in its own transaction; retry it after a deadlock or a serialization failure."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any, TypeVar

from psycopg import Connection, errors

T = TypeVar("T")

ATTEMPTS = 3
PASSING = (errors.DeadlockDetected, errors.SerializationFailure)


def attempt(
    connection: Callable[[], AbstractContextManager[Connection[Any]]],
    decision: Callable[[Connection[Any]], T],
) -> T:  # Any: the row factory does not matter
    """The decision's result, committed by `connection`, which rolls back on an exception.

    A decision that projects first can deadlock with a projector's batch that locks users in another order.
    Raises: what the decision raises, and one of PASSING when every attempt failed.
    """
    for _ in range(ATTEMPTS - 1):
        try:
            with connection() as conn:
                return decision(conn)
        except PASSING:
            continue
    with connection() as conn:
        return decision(conn)
