"""Links between users and Stripe customers set by an operator; they outrank every provider's."""

import re
from collections.abc import Callable, Iterator
from typing import Any

from events.domain.user import IdentityLinked, IdentityUnlinked
from events.statements import AnyConnection
from handlers.decision import Command, Decided, Verdict, decide
from handlers.errors import AlreadySo, NotACustomer, NothingToUndo, NotTrusted
from projections.accounts import Trust, account_of
from projections.state import State
from projections.store import CustomerRow, lock_customers
from queries.customers import address_of

CUSTOMER = re.compile(r"(acct_[A-Za-z0-9_]+/)?cus_[A-Za-z0-9_]+")


def link_customer(conn: AnyConnection, command: Command, customer_id: str) -> Decided:
    """Link the customer to this user alone from now on; its whole history is folded in.

    Raises: AlreadySo, NotACustomer, NotTrusted, and as `decide`.
    """
    if CUSTOMER.fullmatch(customer_id) is None:
        raise NotACustomer(customer_id)
    if not Trust(conn).covers(customer_id):
        raise NotTrusted(account_of(customer_id) or "")

    def choose(state: State) -> Verdict:
        row = lock_customers(conn, [customer_id])[customer_id]  # locked by `decide` already
        return link(state, customer_id, row, address_of(conn, customer_id))

    return _decide(conn, command.requesting(customer_id=customer_id, linked=True), customer_id, choose)


def unlink_customer(conn: AnyConnection, command: Command, customer_id: str) -> Decided:
    """Unlink the customer from this user, whatever a provider says; it waits for another link.

    Raises: NothingToUndo, and as `decide`.
    """
    unlinked = command.requesting(customer_id=customer_id, linked=False)
    return _decide(conn, unlinked, customer_id, lambda state: unlink(state, customer_id))


def link(state: State, customer_id: str, row: CustomerRow, address: str | None) -> Verdict:
    """The verdict on a link. A user in quarantine may get one: it may repair their history.

    `row` is the customer's row, `address` their e-mail address at Stripe. An operator may confirm a link
    that a provider's event made.
    """
    answer: dict[str, Any] = {  # Any: JSON values
        "user_id": state.user_id,
        "customer_id": customer_id,
        "linked": True,
    }
    if customer_id in state.links and row.claims and row.claims.operator_has_linked(state.user_id):
        raise AlreadySo(answer)
    if row.user_id not in (None, state.user_id):
        answer["taken_from"] = row.user_id
    warnings = list(_warnings(state, customer_id, row, address))
    if warnings:
        answer["warning"] = "; ".join(warnings)
    return Verdict(IdentityLinked(customer_id=customer_id), answer)


def _warnings(state: State, customer_id: str, row: CustomerRow, address: str | None) -> Iterator[str]:
    """What may be wrong about a link. Addresses are compared, never shown: the answer is stored."""
    if row.is_new:
        yield f"no event has named {customer_id} yet; check the id"
    elif row.user_id not in (None, state.user_id):
        yield f"{customer_id} was {row.user_id}'s until now; undo with: tenure link remove"
    if address and state.email and address.casefold() != state.email.casefold():
        yield f"the e-mail address of {customer_id} at Stripe is not the user's; check the id"
    others = {other for other in state.links if other != customer_id and not _is_deleted(state, other)}
    if others:
        yield (
            f"the user has {', '.join(sorted(others))} too; the profile shows the customer of the current "
            "subscription, and Stripe may charge both"
        )


def _is_deleted(state: State, customer_id: str) -> bool:
    customer = state.customers.get(customer_id)
    return customer is not None and customer.deleted


def unlink(state: State, customer_id: str) -> Verdict:
    """The verdict on a link's end."""
    if customer_id not in state.links:
        linked = ", ".join(sorted(state.links)) or "none"
        raise NothingToUndo(
            f"expected a customer of this user ({linked}), found {customer_id!r}; nothing was changed"
        )
    answer = {"user_id": state.user_id, "customer_id": customer_id, "linked": False}
    return Verdict(IdentityUnlinked(customer_id=customer_id), answer)


def _decide(
    conn: AnyConnection,
    command: Command,
    customer_id: str,
    choose: Callable[[State], Verdict],
) -> Decided:
    return decide(conn, command, lambda state, _, now: choose(state), customers=[customer_id])
