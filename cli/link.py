"""`tenure link`: link Stripe customers to users, and list customers without a user."""

from collections.abc import Collection, Sequence
from dataclasses import asdict

import click

from cli.caller import person
from cli.output import console, emit_json, emit_table, json_option
from cli.user_argument import user_argument
from cli.user_commands import reason_option, run_decision, show
from database.pool import Connection
from handlers.links import link_customer, unlink_customer
from handlers.tokens import note_reads
from queries.customers import UnlinkedPage, unlinked_customers
from service.wiring import command_settings, session

_COLUMNS = ("customer_id", "since", "events", "last_type", "email", "same_address", "ignored")

customer_argument = click.argument("customer_id", metavar="CUSTOMER")


@click.group()
def link() -> None:
    """Link Stripe customers to users; list unlinked customers.

    A link takes precedence over Stripe's metadata.
    """


@link.command()
@user_argument
@customer_argument
@reason_option
@json_option
def add(*, identifier: str, customer_id: str, reason: str, as_json: bool) -> None:
    """Link a Stripe customer, with its whole history, to a user. To undo: `tenure link remove`."""
    outcome = run_decision(
        identifier,
        reason,
        lambda conn, command: link_customer(conn, command, customer_id),
    )
    show("customer linked", outcome, as_json=as_json)


@link.command()
@user_argument
@customer_argument
@reason_option
@json_option
def remove(*, identifier: str, customer_id: str, reason: str, as_json: bool) -> None:
    """Unlink a Stripe customer from a user. To undo: `tenure link add`."""
    outcome = run_decision(
        identifier,
        reason,
        lambda conn, command: unlink_customer(conn, command, customer_id),
    )
    show("customer unlinked", outcome, as_json=as_json)


@link.command("unlinked")
@click.option("--limit", type=click.IntRange(1, 1000), default=50, show_default=True)
@click.option("--after", metavar="CURSOR", help="Start after this cursor (the `next` of the previous page).")
@json_option
def list_unlinked(*, limit: int, after: str | None, as_json: bool) -> None:
    """List Stripe customers without a user. Their events wait in the log.

    A customer whose last user was deleted or erased is not listed.
    `same_address` names users with the customer's e-mail address: a hint, no proof.
    """
    with session(command_settings()) as conn:
        page = unlinked_customers(conn, limit=limit, after=after)
        _note(conn, page.customers(), ["email", "name"])
        _note(conn, page.suggested(), ["email", "full_name"])
    if as_json:
        emit_json(page)
    else:
        _print(page)


def _note(conn: Connection, subjects: Collection[str], fields: Sequence[str]) -> None:
    note_reads(conn, person(), subjects=subjects, fields=fields, reason="tenure link unlinked")


def _print(page: UnlinkedPage) -> None:
    rows = [
        asdict(customer) | {"same_address": ", ".join(user["user_id"] for user in customer.suggestions)}
        for customer in page.items
    ]
    emit_table(rows, _COLUMNS, empty="no unlinked customers")
    if page.next is not None:
        console().print(f"more: --after {page.next}", markup=False)
