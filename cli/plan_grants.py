"""`tenure plan`: grant plans to users and revoke the grants."""

from datetime import datetime

import click

from cli.output import json_option
from cli.parameters import INSTANT
from cli.user_argument import user_argument
from cli.user_commands import reason_option, run_decision, show
from handlers.entitlements import grant_plan, revoke_plan


@click.group()
def plan() -> None:
    """Grant a plan to a user, or revoke the grant."""


@plan.command()
@user_argument
@click.argument("plan_key", metavar="PLAN")
@click.option("--until", type=INSTANT, help="End of the grant; default: no end.")
@reason_option
@json_option
def grant(*, identifier: str, plan_key: str, until: datetime | None, reason: str, as_json: bool) -> None:
    """Grant PLAN from now on; it takes precedence over a subscription. `tenure plans list` shows the keys.

    To undo: `tenure plan revoke`.
    """
    outcome = run_decision(
        identifier,
        reason,
        lambda conn, command: grant_plan(conn, command, plan_key, until=until),
    )
    show("plan granted", outcome, as_json=as_json)


@plan.command()
@user_argument
@reason_option
@json_option
def revoke(*, identifier: str, reason: str, as_json: bool) -> None:
    """Revoke the grant in force. To undo: grant the plan again."""
    outcome = run_decision(identifier, reason, revoke_plan)
    show("plan revoked", outcome, as_json=as_json)
