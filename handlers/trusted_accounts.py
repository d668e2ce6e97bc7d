"""Record the trusted connected accounts as an event, so that a replay trusts the same ones."""

import json
from collections.abc import Iterable
from datetime import datetime

from events.statements import AnyConnection
from handlers.configuration import set_value
from projections.accounts import CATEGORY, KEY, trusted_accounts

SETTING = "STRIPE_TRUSTED_ACCOUNTS"


def declare_trusted_accounts(conn: AnyConnection, accounts: Iterable[str], *, now: datetime) -> bool:
    """Append the setting if it differs from the tables; True if an event was appended.

    The projector then links the accounts' customers to the users they name, or unlinks them.
    """
    account_ids = sorted(set(accounts))
    if frozenset(account_ids) == trusted_accounts(conn):
        return False
    set_value(
        conn, CATEGORY, KEY, json.dumps(account_ids), now=now, actor=SETTING, reason=f"{SETTING} was changed"
    )
    return True
