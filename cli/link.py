"""`tenure link`: whose a Stripe customer is."""

import click

from cli.decisions import reason_option, run_decision, show
from cli.output import json_option
from cli.whom import user_argument
from handlers.links import link_customer, unlink_customer

customer_argument = click.argument("customer_id", metavar="CUSTOMER")


@click.group()
def link() -> None:
    """Say whose a Stripe customer is; it outranks what Stripe says."""


@link.command()
@user_argument
@customer_argument
@reason_option
@json_option
def add(*, wanted: str, customer_id: str, reason: str, as_json: bool) -> None:
    """The customer is this user's, and its history theirs; undone by `tenure link remove`."""
    told = run_decision(
        wanted,
        {"customer_id": customer_id, "linked": True},
        reason,
        lambda conn, command, live_only: link_customer(conn, command, customer_id, live_only=live_only),
    )
    show("customer linked", told, as_json=as_json)


@link.command()
@user_argument
@customer_argument
@reason_option
@json_option
def remove(*, wanted: str, customer_id: str, reason: str, as_json: bool) -> None:
    """The customer is not this user's; undone by `tenure link add`."""
    told = run_decision(
        wanted,
        {"customer_id": customer_id, "linked": False},
        reason,
        lambda conn, command, live_only: unlink_customer(conn, command, customer_id, live_only=live_only),
    )
    show("customer unlinked", told, as_json=as_json)
