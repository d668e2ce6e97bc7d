"""Which Stripe accounts may name users: the platform's own, and those an operator trusts.

An event of a connected account carries it in its route (`acct_1/cus_1`). The trusted accounts are a
configuration event in the log, so that a replay trusts the same accounts as the live projector.
"""

import msgspec
from psycopg.rows import tuple_row

from events.statements import AnyConnection, statement
from projections import store
from projections.facts import OwnFact
from projections.log_reader import Routed

CATEGORY, KEY = "stripe", "trusted_accounts"


def account_of(customer: str) -> str | None:
    """The connected account of a customer; None for one of the platform's own account."""
    account, slash, _ = customer.rpartition("/")
    return account if slash else None


class Trust:
    """Reads the trusted accounts at the first connected account: most installations have none."""

    def __init__(self, conn: AnyConnection) -> None:
        self._conn = conn
        self._accounts: frozenset[str] | None = None

    def covers(self, customer: str) -> bool:
        """Whether the customer's account may name users of the platform."""
        account = account_of(customer)
        if account is None:
            return True
        if self._accounts is None:
            self._accounts = trusted_accounts(self._conn)
        return account in self._accounts


def trusted_accounts(conn: AnyConnection) -> frozenset[str]:
    """The connected accounts that are trusted, as projected so far."""
    with conn.cursor(row_factory=tuple_row) as cursor:
        row = cursor.execute(statement("projections", "read_trusted_accounts"), {}).fetchone()
    return frozenset() if row is None else accounts_in(row[0])


def accounts_in(value: object) -> frozenset[str]:
    """The accounts a configuration value lists; none when the value is not a list of strings."""
    try:
        return frozenset(msgspec.convert(value, list[str]))
    except msgspec.ValidationError:
        return frozenset()


def touched_customers(conn: AnyConnection, events: list[Routed]) -> set[str]:
    """Customers of connected accounts, when the batch may change which accounts are trusted.

    Waits for running batches, which may use the previous list. Later batches can't begin until this
    transaction ends.
    """
    if not any(_names_accounts(event) for event in events):
        return set()
    store.lock_all_parts(conn)
    return store.customers_elsewhere(conn)


def _names_accounts(event: Routed) -> bool:
    body = event.fact.body
    return event.fact.type == "configuration.changed" and isinstance(body, OwnFact) and KEY in body.payload
