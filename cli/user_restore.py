"""`tenure user restore`: restore a user that a reconciliation deleted by mistake."""

import click

from cli.output import json_option
from cli.user_argument import user_argument
from cli.user_commands import reason_option, run_decision, show
from handlers.deletions import restore_user


@click.command()
@user_argument
@reason_option
@json_option
def restore(*, identifier: str, reason: str, as_json: bool) -> None:
    """Restore a user that a reconciliation deleted.

    Only a deletion that `tenure reconcile clerk` concluded from an absence.

    A deletion that Clerk itself sent and an erasure are final.
    """
    outcome = run_decision(identifier, reason, restore_user)
    show("user restored", outcome, as_json=as_json)
