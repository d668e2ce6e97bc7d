"""Resolve the user argument of a command: a Clerk id, an e-mail address or a Stripe customer."""

from typing import TypeVar

import click

from cli.errors import Failure
from cli.parameters import FILLED_TEXT
from cli.terminal import echo
from database.pool import Connection
from queries.customers import events_waiting
from queries.pluralize import counted
from queries.profile import profile, profile_by_customer, profiles_by_email

_SHOWN = 5  # ids named when an address belongs to several users

T = TypeVar("T")

user_argument = click.argument("identifier", metavar="ID_OR_EMAIL", type=FILLED_TEXT)


def user_id_of(conn: Connection, identifier: str) -> str:
    """The user's Clerk id. An id is returned as it is: a user in no table may still be in the log.

    An id that looks like an address comes before the address: a wrong userId in Stripe's metadata makes one.

    Raises: Failure for an address or customer without a user, and for an address of several users.
    """
    if identifier.startswith("cus_"):
        return _user_of_customer(conn, identifier)
    if "@" not in identifier:
        return identifier
    ids = [str(row["user_id"]) for row in profiles_by_email(conn, identifier)]
    if profile(conn, identifier) is not None:
        if ids:
            echo(f"{identifier} is the id of one user and the address of {_listed(ids)}", err=True)
        return identifier
    if len(ids) > 1:
        raise Failure(f"{len(ids)} users have the address {identifier}: {_listed(ids)}; name one by id")
    return require_found(ids, identifier)[0]


def _user_of_customer(conn: Connection, customer_id: str) -> str:
    row = profile_by_customer(conn, customer_id)
    if row is None and (events := events_waiting(conn, customer_id)):
        wait = counted(events, "event waits", "events wait")
        raise Failure(
            f"customer {customer_id} is linked to no user ({wait}): "
            f"tenure link add USER {customer_id} --reason …"
        )
    return str(require_found(row, customer_id)["user_id"])


def _listed(ids: list[str]) -> str:
    more = f" and {len(ids) - _SHOWN} more" if len(ids) > _SHOWN else ""
    return ", ".join(ids[:_SHOWN]) + more


def require_found(row: T | None, identifier: str) -> T:
    """The row. Raises: Failure if it is None or empty."""
    if not row:
        expected = "a Clerk id (user_…), an e-mail address or a Stripe customer (cus_…)"
        raise Failure(
            f"no user {identifier}; expected {expected} that an event has mentioned; "
            "to add a user who is only in Clerk: tenure user create"
        )
    return row
