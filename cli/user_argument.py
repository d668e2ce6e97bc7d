"""Resolve the user argument of a command: a Clerk id, an e-mail address or a Stripe customer."""

from typing import TypeVar

import click

from cli.errors import Failure
from database.pool import Connection
from queries.profile import profile_by_customer, profiles_by_email

_SHOWN = 5  # ids named when an address belongs to several users

T = TypeVar("T")

user_argument = click.argument("wanted", metavar="ID_OR_EMAIL")


def user_id_of(conn: Connection, wanted: str) -> str:
    """The Clerk id meant. One that is in no table may still be in the log's past.

    Raises: Failure for an address or customer of nobody, and for an address of several users.
    """
    if wanted.startswith("cus_"):
        return str(known(profile_by_customer(conn, wanted), wanted)["user_id"])
    if "@" not in wanted:
        return wanted
    ids = [str(each["user_id"]) for each in known(profiles_by_email(conn, wanted), wanted)]
    if len(ids) > 1:
        more = f" and {len(ids) - _SHOWN} more" if len(ids) > _SHOWN else ""
        named = ", ".join(ids[:_SHOWN])
        raise Failure(f"{len(ids)} users have the address {wanted}: {named}{more}; name one by id")
    return ids[0]


def known(found: T | None, wanted: str) -> T:
    """What was found. Raises: Failure when that is nothing."""
    if not found:
        expected = "a Clerk id (user_…), an e-mail address or a Stripe customer (cus_…)"
        raise Failure(
            f"no user {wanted}; expected {expected} that an event has mentioned; "
            "to add a user who is only in Clerk: tenure user create"
        )
    return found
