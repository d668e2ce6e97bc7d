"""Check that a Stripe key belongs to the log's account before anything is read with it.

The first run whose key finds one of the log's customers stores the account's id; later runs compare the
ids. Where the key may not read the account, only the customers decide.
"""

from datetime import datetime

from events.statements import AnyConnection
from providers.reconcile.brake import SAMPLE, another_source, knows_any
from providers.reconcile.errors import ProviderRefused
from providers.reconcile.statements import do, rows
from providers.reconcile.stripe_api import PROVIDER, StripeApi

SETTING = "STRIPE_API_KEY"


def another_account(
    conn: AnyConnection, api: StripeApi, *, now: datetime, dry_run: bool
) -> tuple[int, str | None]:
    """The number of known customers of the account, and the reason why this key can't be of it."""
    sample = rows(conn, "customers_sample", owner=api.account or "", limit=SAMPLE)
    total = sample[0]["total"] if sample else 0
    scope = f"{api.scope}:account"
    kept = rows(conn, "read_result", scope=scope)
    theirs = api.account_id()
    if kept and theirs is not None:
        ours = kept[0]["result"]["account"]
        wrong = f"{theirs}, while the log's events are of {ours}"
        return total, None if ours == theirs else another_source(PROVIDER, wrong, SETTING)
    if not _knows_any(api, [row["customer_id"] for row in sample]):
        wrong = f"it has none of {len(sample)} customers looked for, of {total} known here"
        return total, another_source(PROVIDER, wrong, SETTING)
    if theirs is not None and total and not dry_run:
        do(conn, "keep_account", scope=scope, account=theirs, now=now)
    return total, None


def _knows_any(api: StripeApi, customers: list[str]) -> bool:
    """A deleted customer counts as known; a key that may not read customers passes."""
    try:
        return knows_any(customers, lambda customer: api.one(f"/v1/customers/{customer.rpartition('/')[2]}"))
    except ProviderRefused:
        return True
