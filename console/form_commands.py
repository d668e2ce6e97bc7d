"""Commands from forms: the caller, the idempotency key, and refusals as pages."""

from collections.abc import Callable
from typing import Any

from flask import g
from psycopg import Connection

from console.access import actor, caller
from console.deps import decision_now, deps
from console.errors import FormRefused, sentence
from console.inputs import field, reason_field
from events.identifiers import key_part
from handlers.decision import Command, Decided
from handlers.errors import DecisionRefused, IdempotencyConflict
from handlers.retry import PASSING, attempt

SPENT = "This form was already submitted with different values. Check the result, then submit again."
STOPPED = "Another change to the same user went first each time. Try again in a moment."


def command(user_id: str, what: str) -> Command:
    """A command with the form's reason; the form's key makes a second click the same command.

    Raises: FormRefused.
    """
    reason, form_key = reason_field(), field("key", most=36)
    return Command(
        user_id=user_id,
        key=f"console.{what}:{key_part(user_id)}:{caller().token_id}:{form_key}",
        now=decision_now(),
        actor=actor(),
        reason=reason,
        request_id=g.get("request_id"),
    )


def decided(
    decision: Callable[[Connection[Any]], Decided],  # Any: the row factory does not matter
    *,
    otherwise: str,
) -> Decided:
    """The decision's result, committed. Raises: FormRefused, with `otherwise` as its title."""
    try:
        return attempt(deps().pool.connection, decision)
    except IdempotencyConflict:
        raise FormRefused(409, otherwise, SPENT) from None
    except DecisionRefused as refused:
        raise FormRefused(409, otherwise, sentence(refused)) from None
    except PASSING:
        raise FormRefused(503, otherwise, STOPPED) from None
