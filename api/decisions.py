"""Commands over HTTP: the caller, the idempotency key, and refusals as problems."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, TypeVar
from uuid import uuid4

from flask import request
from psycopg import Connection
from pydantic import BeforeValidator

from api.auth import actor, caller
from api.deps import deps
from api.errors import RequestRefused, bad_request, not_found
from api.request_id import request_id
from events.identifiers import key_part
from handlers.decision import Command
from handlers.errors import (
    DecisionRefused,
    IdempotencyConflict,
    LimitExceeded,
    NotACustomer,
    NothingToUndo,
    NotTrusted,
    PlanNotForSale,
    PlanUnknown,
    TrialRefused,
    UnusableInstant,
    UserDeleted,
    UserQuarantined,
    UserUnknown,
)
from handlers.platform_errors import (
    CreatorTwice,
    HistoryStopped,
    ListFull,
    NotTheirs,
    VersionConflict,
    WrongState,
)
from handlers.retry import PASSING, attempt
from projections.errors import PartBehind, PartBusy

T = TypeVar("T")


def _whole(value: object) -> object:
    """JSON has no integer type: 5.0 is 5. True and "5" are refused."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise ValueError("expected a whole number")
    return value


WHOLE = BeforeValidator(_whole)
"""After the bounds of an integer, which the document would lose behind it."""

RETRY_AFTER_S = 2
KEY_HEADER = "Idempotency-Key"


def decided(decision: Callable[[Connection[Any]], T]) -> T:  # Any: the row factory does not matter
    """The decision's result, committed. A decision that another transaction stopped is retried.

    Raises: RequestRefused.
    """
    with refusals_as_answers():
        return attempt(deps().pool.connection, decision)


@contextmanager
def refusals_as_answers() -> Iterator[None]:
    """Turn exceptions of a decision into problems. Raises: RequestRefused."""
    try:
        yield
    except DecisionRefused as refused:
        raise _as_answer(refused) from None
    except (PartBehind, PartBusy, *PASSING) as busy:
        headers = {"Retry-After": str(RETRY_AFTER_S)}
        raise RequestRefused(
            503, "busy", "Busy", f"nothing was changed, try again: {_first_line(busy)}", headers=headers
        ) from None


def _first_line(problem: Exception) -> str:
    """PostgreSQL's DETAIL may contain personal data."""
    return str(problem).partition("\n")[0]


def command(user_id: str, what: str, reason: str | None) -> Command:
    """A command of the caller; `what` separates its keys from those of other commands.

    Raises: RequestRefused.
    """
    return Command(
        user_id=user_id,
        key=f"{what}:{key_part(user_id)}:{_idempotency_key()}",
        now=deps().decision_clock(),
        actor=actor(),
        reason=reason,
        request_id=request_id(),
    )


def _idempotency_key() -> str:
    """The caller's key, unique to the caller; without one each request is new."""
    header = request.headers.get(KEY_HEADER)
    if header is None:
        return str(uuid4())
    if not 0 < len(header) <= 200 or not header.isascii() or not header.isprintable():
        raise bad_request(f"{KEY_HEADER}: expected 1 to 200 printable ASCII characters")
    return f"{caller().token_id}:{header}"


def _as_answer(refused: DecisionRefused) -> RequestRefused:
    if isinstance(refused, UserUnknown):
        return not_found("user")
    if isinstance(refused, NotTheirs):
        return not_found(refused.what)
    slug, title, members = REFUSALS.get(type(refused), ("refused", "Refused", ()))
    fields = {member: getattr(refused, member) for member in members}
    return RequestRefused(409, slug, title, str(refused), members=fields)


REFUSALS: dict[type[DecisionRefused], tuple[str, str, tuple[str, ...]]] = {
    LimitExceeded: (
        "limit-exceeded",
        "Limit exceeded",
        ("metric", "quantity", "limit", "used", "remaining"),
    ),
    IdempotencyConflict: ("idempotency-conflict", "Idempotency conflict", ()),
    UserDeleted: ("user-deleted", "User deleted", ()),
    UserQuarantined: ("user-quarantined", "User quarantined", ("event_id",)),
    TrialRefused: ("trial-refused", "Trial refused", ()),
    PlanNotForSale: ("plan-unavailable", "Plan not for sale", ("for_sale",)),
    PlanUnknown: ("plan-unknown", "Plan unknown", ("known",)),
    NothingToUndo: ("nothing-to-undo", "Nothing to undo", ()),
    NotACustomer: ("not-a-customer", "Not a customer", ()),
    NotTrusted: ("account-not-trusted", "Account not trusted", ("account",)),
    UnusableInstant: ("unusable-instant", "Unusable instant", ()),
    VersionConflict: ("version-conflict", "Version conflict", ("expected", "found")),
    WrongState: ("wrong-state", "Wrong state", ("state", "allowed")),
    HistoryStopped: ("history-stopped", "History stopped", ("event_id",)),
    CreatorTwice: ("creator-in-list", "Creator in list", ("item_id",)),
    ListFull: ("list-full", "List full", ("most",)),
}
