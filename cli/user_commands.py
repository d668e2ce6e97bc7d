"""Shared by commands that decide about one user: the command, its reason, and the output."""

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any
from uuid import uuid4

import click

from cli.caller import person
from cli.errors import Failure
from cli.output import console, emit_json, emit_pairs
from cli.parameters import FILLED_TEXT
from cli.terminal import echo
from cli.user_argument import user_id_of
from database.pool import Connection
from events.identifiers import key_part
from handlers.decision import Command, Decided
from handlers.errors import AlreadySo, DecisionRefused, UnusableInstant
from handlers.retry import attempt
from projections.errors import PartBehind, PartBusy
from service.decision_clocks import decision_now
from service.wiring import command_settings, session

_PRINTED_APART = ("changed", "warning")

Decision = Callable[[Connection, Command], Decided]

reason_option = click.option(
    "--reason",
    type=FILLED_TEXT,
    required=True,
    callback=lambda _, __, reason: _reason(reason),
    help="Reason, stored with the event.",
)


def run_decision(identifier: str, reason: str, decision: Decision) -> dict[str, Any]:
    """Decide, commit, and return the result with its event's id. Any: JSON values.

    `changed` is False if nothing had to change.

    Raises: UnusableInstant; Failure if the decision was refused otherwise, or the identifier matches no user
    or several.
    """
    settings = command_settings()
    try:
        decided = attempt(
            partial(session, settings),
            lambda conn: decision(conn, _command(conn, user_id_of(conn, identifier), reason)),
        )
    except AlreadySo as same:
        return {**same.answer, "event_id": None, "changed": False}
    except UnusableInstant:
        raise  # wrong usage, while other refusals depend on the user
    except (DecisionRefused, PartBehind, PartBusy) as refused:
        raise Failure(str(refused)) from None
    return {**decided.answer, "event_id": str(decided.event_id), "changed": True}


def show(title: str, outcome: Mapping[str, Any], *, as_json: bool) -> None:  # Any: JSON values
    """Print the outcome for people or machines."""
    if as_json:
        emit_json(outcome)
    elif not outcome["changed"]:
        console().print("already so; nothing was changed")
    else:
        emit_pairs(title, {name: value for name, value in outcome.items() if name not in _PRINTED_APART})
    if "warning" in outcome and not as_json:
        echo(f"warning: {outcome['warning']}", err=True)


def _command(conn: Connection, user_id: str, reason: str) -> Command:
    return Command(
        user_id=user_id,
        key=f"cli:{key_part(user_id)}:{uuid4()}",
        now=decision_now(conn),
        actor=person().name,
        reason=reason,
    )


def _reason(reason: str) -> str:
    text = reason.strip()
    if not 0 < len(text) <= 500:
        raise click.BadParameter("expected 1 to 500 characters")
    return text
