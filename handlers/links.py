"""Whose a Stripe customer is, by an operator's word: it outranks every provider's."""

import re
from collections.abc import Callable

from events.own.user import IdentityLinked, IdentityUnlinked
from handlers.decision import Command, Decided, Verdict, decide
from handlers.errors import NotACustomer, NothingToUndo
from projections.log import AnyConnection
from projections.state import State

CUSTOMER = re.compile(r"(acct_[A-Za-z0-9_]+/)?cus_[A-Za-z0-9_]+")


def link_customer(
    conn: AnyConnection, command: Command, customer_id: str, *, live_only: bool = False
) -> Decided:
    """The customer is this user's from now on, and no other's; its whole history is folded in.

    Raises: NotACustomer, and as `decide`.
    """
    if CUSTOMER.fullmatch(customer_id) is None:
        raise NotACustomer(customer_id)
    return _decide(conn, command, customer_id, live_only, lambda state: link(state, customer_id))


def unlink_customer(
    conn: AnyConnection, command: Command, customer_id: str, *, live_only: bool = False
) -> Decided:
    """The customer is not this user's, whatever a provider says; it waits for another link.

    Raises: NothingToUndo, and as `decide`.
    """
    return _decide(conn, command, customer_id, live_only, lambda state: unlink(state, customer_id))


def link(state: State, customer_id: str) -> Verdict:
    """The verdict on a link. A user whose history stops may be given one: it may be the mending."""
    answer = {"user_id": state.user_id, "customer_id": customer_id, "linked": True}
    return Verdict(IdentityLinked(customer_id=customer_id), answer)


def unlink(state: State, customer_id: str) -> Verdict:
    """The verdict on a link's end."""
    if customer_id not in state.links:
        linked = ", ".join(sorted(state.links)) or "none"
        raise NothingToUndo(
            f"expected a customer of this user ({linked}), found another; nothing was changed"
        )
    answer = {"user_id": state.user_id, "customer_id": customer_id, "linked": False}
    return Verdict(IdentityUnlinked(customer_id=customer_id), answer)


def _decide(
    conn: AnyConnection,
    command: Command,
    customer_id: str,
    live_only: bool,
    choose: Callable[[State], Verdict],
) -> Decided:
    return decide(
        conn, command, lambda state, _, now: choose(state), live_only=live_only, customers=[customer_id]
    )
