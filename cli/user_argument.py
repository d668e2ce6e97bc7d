"""Resolve the user argument of a command: a Clerk id, an e-mail address or a Stripe customer."""

from typing import TypeVar

import click

from cli.errors import Failure
from database.pool import Connection
from queries.profile import profile_by_customer, profiles_by_email

_SHOWN = 5  # ids named when an address belongs to several users

T = TypeVar("T")

user_argument = click.argument("identifier", metavar="ID_OR_EMAIL")


def user_id_of(conn: Connection, identifier: str) -> str:
    """The user's Clerk id. An id is returned as it is: a user in no table may still be in the log.

    Raises: Failure for an address or customer without a user, and for an address of several users.
    """
    if identifier.startswith("cus_"):
        return str(require_found(profile_by_customer(conn, identifier), identifier)["user_id"])
    if "@" not in identifier:
        return identifier
    ids = [str(row["user_id"]) for row in require_found(profiles_by_email(conn, identifier), identifier)]
    if len(ids) > 1:
        more = f" and {len(ids) - _SHOWN} more" if len(ids) > _SHOWN else ""
        named = ", ".join(ids[:_SHOWN])
        raise Failure(f"{len(ids)} users have the address {identifier}: {named}{more}; name one by id")
    return ids[0]


def require_found(row: T | None, identifier: str) -> T:
    """The row. Raises: Failure if it is None or empty."""
    if not row:
        expected = "a Clerk id (user_…), an e-mail address or a Stripe customer (cus_…)"
        raise Failure(
            f"no user {identifier}; expected {expected} that an event has mentioned; "
            "to add a user who is only in Clerk: tenure user create"
        )
    return row
