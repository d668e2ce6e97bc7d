"""What the commands about one user share: the command itself, its reason, and what is shown after."""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any
from uuid import uuid4

import click

from cli.caller import person
from cli.errors import Failure
from cli.output import console, emit_json, emit_pairs
from cli.terminal import echo
from cli.user_argument import user_id_of
from database.pool import Connection
from events.identifiers import key_part
from handlers.decision import Command, Decided
from handlers.errors import AlreadySo, DecisionRefused
from projections.errors import PartBehind, PartBusy
from service.decision_clocks import decision_now
from service.wiring import command_settings, session

_SAID_APART = ("changed", "warning")

Decision = Callable[[Connection, Command, bool], Decided]

reason_option = click.option(
    "--reason",
    required=True,
    callback=lambda _, __, given: _reason(given),
    help="Reason, stored with the event.",
)


def run_decision(wanted: str, asked: Mapping[str, Any], reason: str, decision: Decision) -> dict[str, Any]:
    """What was decided of the user meant and the event that says so, committed. Any: JSON values.

    `changed` is False where it was so already.

    Raises: Failure when it was refused, or nobody or several are meant.
    """
    settings = command_settings()
    try:
        with session(settings) as conn:
            command = _command(user_id_of(conn, wanted), asked, reason, now=decision_now(conn))
            made = decision(conn, command, settings.livemode)
    except AlreadySo as same:
        return {**same.answer, "event_id": None, "changed": False}
    except (DecisionRefused, PartBehind, PartBusy) as refused:
        raise Failure(str(refused)) from None
    return {**made.answer, "event_id": str(made.event_id), "changed": True}


def show(title: str, told: Mapping[str, Any], *, as_json: bool) -> None:  # Any: JSON values
    """The outcome, for people or machines."""
    if as_json:
        emit_json(told)
    elif not told["changed"]:
        console().print("already so; nothing was changed")
    else:
        emit_pairs(title, {name: value for name, value in told.items() if name not in _SAID_APART})
    if "warning" in told and not as_json:
        echo(f"warning: {told['warning']}", err=True)


def _command(
    user_id: str, asked: Mapping[str, Any], reason: str, *, now: datetime
) -> Command:  # Any: JSON values
    return Command(
        user_id=user_id,
        key=f"cli:{key_part(user_id)}:{uuid4()}",
        asked=asked,
        now=now,
        actor=person().name,
        reason=reason,
    )


def _reason(given: str) -> str:
    text = given.strip()
    if not 0 < len(text) <= 500:
        raise click.BadParameter("expected 1 to 500 characters")
    return text
