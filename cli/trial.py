"""`tenure trial`: start, extend and end trials that Tenure manages."""

from datetime import datetime

import click

from cli.output import json_option
from cli.parameters import INSTANT
from cli.user_argument import user_argument
from cli.user_commands import reason_option, run_decision, show
from handlers.trials import MAX_DAYS, Length, end_trial, extend_trial, start_trial

days_option = click.option("--days", type=click.IntRange(1, MAX_DAYS), help="Length in days.")
until_option = click.option("--until", type=INSTANT, help="End of the trial, instead of --days.")


@click.group()
def trial() -> None:
    """Start, extend or end a trial that Tenure manages. Stripe's own trials are changed at Stripe."""


@trial.command()
@user_argument
@days_option
@until_option
@click.option("--plan", "plan_key", help="Plan of the trial; default: the user's intended plan.")
@reason_option
@json_option
def start(
    *,
    identifier: str,
    days: int | None,
    until: datetime | None,
    plan_key: str | None,
    reason: str,
    as_json: bool,
) -> None:
    """Start a user's first trial now. `tenure trial end` ends it; a user can have only one."""
    length = _length(days, until)
    outcome = run_decision(
        identifier,
        reason,
        lambda conn, command: start_trial(conn, command, length, plan_key=plan_key),
    )
    show("trial started", outcome, as_json=as_json)


@trial.command()
@user_argument
@days_option
@until_option
@reason_option
@json_option
def extend(*, identifier: str, days: int | None, until: datetime | None, reason: str, as_json: bool) -> None:
    """Extend the trial from its end, or from now if it is over. To undo: --until the value in `was`."""
    length = _length(days, until)
    outcome = run_decision(
        identifier,
        reason,
        lambda conn, command: extend_trial(conn, command, length),
    )
    show(f"trial {outcome['trial']}", outcome, as_json=as_json)


@trial.command()
@user_argument
@reason_option
@json_option
def end(*, identifier: str, reason: str, as_json: bool) -> None:
    """End the trial now. To undo: `tenure trial extend --until` the value in `was`."""
    outcome = run_decision(identifier, reason, end_trial)
    show("trial ended", outcome, as_json=as_json)


def _length(days: int | None, until: datetime | None) -> Length:
    if days is not None and until is not None:
        raise click.UsageError("expected --days or --until, found both")
    return Length(days=days, until=until)
