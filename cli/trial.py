"""`tenure trial`: trials of our own, begun, extended and ended by hand."""

from datetime import datetime

import click

from cli.decisions import reason_option, run_decision, show
from cli.output import json_option
from cli.parameters import INSTANT
from cli.whom import user_argument
from handlers.trials import MOST_DAYS, Length, end_trial, extend_trial, start_trial

days_option = click.option("--days", type=click.IntRange(1, MOST_DAYS), help="So many days.")
until_option = click.option("--until", type=INSTANT, help="In the place of --days.")


@click.group()
def trial() -> None:
    """Trials of our own; Stripe's are moved at Stripe."""


@trial.command()
@user_argument
@days_option
@until_option
@click.option("--plan", "plan_key", help="What it tries; else the plan they mean to take.")
@reason_option
@json_option
def start(
    *,
    wanted: str,
    days: int | None,
    until: datetime | None,
    plan_key: str | None,
    reason: str,
    as_json: bool,
) -> None:
    """A first trial begins now; `tenure trial end` ends it, and who had one stays one who had."""
    length = _length(days, until)
    told = run_decision(
        wanted,
        {"action": "start", "plan_key": plan_key, **length.asked()},
        reason,
        lambda conn, command, live_only: start_trial(
            conn, command, length, plan_key=plan_key, live_only=live_only
        ),
    )
    show("trial started", told, as_json=as_json)


@trial.command()
@user_argument
@days_option
@until_option
@reason_option
@json_option
def extend(*, wanted: str, days: int | None, until: datetime | None, reason: str, as_json: bool) -> None:
    """The trial runs on from its end, or from now if it is over; undone by --until what it `was`."""
    length = _length(days, until)
    told = run_decision(
        wanted,
        {"action": "extend", **length.asked()},
        reason,
        lambda conn, command, live_only: extend_trial(conn, command, length, live_only=live_only),
    )
    show(f"trial {told['trial']}", told, as_json=as_json)


@trial.command()
@user_argument
@reason_option
@json_option
def end(*, wanted: str, reason: str, as_json: bool) -> None:
    """The trial is over now; undone by `tenure trial extend --until` what it `was`."""
    told = run_decision(
        wanted,
        {"action": "end"},
        reason,
        lambda conn, command, live_only: end_trial(conn, command, live_only=live_only),
    )
    show("trial ended", told, as_json=as_json)


def _length(days: int | None, until: datetime | None) -> Length:
    if days is not None and until is not None:
        raise click.UsageError("expected --days or --until, found both")
    return Length(days=days, until=until)
