"""Which connected accounts may name users: the setting as an event, so that a replay trusts the same ones."""

import json
from collections.abc import Iterable
from datetime import datetime

from handlers.configuration import set_value
from projections.accounts import CATEGORY, KEY, trusted_accounts
from projections.log_reader import AnyConnection

SETTING = "STRIPE_TRUSTED_ACCOUNTS"


def declare_trusted_accounts(conn: AnyConnection, accounts: Iterable[str], *, now: datetime) -> bool:
    """Append the setting where it is not what the tables say; whether an event was needed.

    The projector then gives the accounts' customers to the users they name, or takes them away.
    """
    wanted = sorted(set(accounts))
    if frozenset(wanted) == trusted_accounts(conn):
        return False
    set_value(
        conn, CATEGORY, KEY, json.dumps(wanted), now=now, actor=SETTING, reason=f"{SETTING} was changed"
    )
    return True
