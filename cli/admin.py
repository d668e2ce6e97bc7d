"""`tenure admin`: who administers the platform."""

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
def grant(*, wanted: str, reason: str, as_json: bool) -> None:
    """Grant administrator rights from now on. To undo: `tenure admin revoke`."""
    told = run_decision(
        wanted,
        {"is_admin": True},
        reason,
        lambda conn, command, live_only: grant_admin(conn, command, live_only=live_only),
    )
    show("administrator made", told, as_json=as_json)


@admin.command()
@user_argument
@reason_option
@json_option
def revoke(*, wanted: str, reason: str, as_json: bool) -> None:
    """Revoke admin rights, even if Clerk still marks the user as admin. To undo: `tenure admin grant`."""
    told = run_decision(
        wanted,
        {"is_admin": False},
        reason,
        lambda conn, command, live_only: revoke_admin(conn, command, live_only=live_only),
    )
    show("administrator unmade", told, as_json=as_json)
