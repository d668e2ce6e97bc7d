"""`tenure admin`: grant and revoke administrator rights."""

import click

from cli.output import json_option
from cli.user_argument import user_argument
from cli.user_commands import reason_option, run_decision, show
from handlers.admins import grant_admin, revoke_admin


@click.group()
def admin() -> None:
    """Grant or revoke administrator rights."""


@admin.command()
@user_argument
@reason_option
@json_option
def grant(*, identifier: str, reason: str, as_json: bool) -> None:
    """Grant administrator rights from now on. To undo: `tenure admin revoke`."""
    outcome = run_decision(identifier, reason, grant_admin)
    show("administrator rights granted", outcome, as_json=as_json)


@admin.command()
@user_argument
@reason_option
@json_option
def revoke(*, identifier: str, reason: str, as_json: bool) -> None:
    """Revoke admin rights, even if Clerk still marks the user as admin. To undo: `tenure admin grant`."""
    outcome = run_decision(identifier, reason, revoke_admin)
    show("administrator rights revoked", outcome, as_json=as_json)
