"""A decision in a transaction of its own, made again when another transaction stopped it."""

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
    """What the decision gives, committed by `connection`, which rolls back what raises.

    A decision that projects first can meet a projector's batch in another order of users.
    Raises: what the decision raises, and one of PASSING when it was stopped each time.
    """
    for _ in range(ATTEMPTS - 1):
        try:
            with connection() as conn:
                return decision(conn)
        except PASSING:
            continue
    with connection() as conn:
        return decision(conn)
