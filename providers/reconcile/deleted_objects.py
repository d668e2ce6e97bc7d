"""Known objects that a list did not name: requested one by one before they count as deleted."""

from collections.abc import Iterator

import msgspec

from events.statements import AnyConnection
from projections.errors import Unfoldable
from projections.stripe_objects import TERMINAL
from providers.reconcile.drift import Drift
from providers.reconcile.errors import NotThere
from providers.reconcile.logged_objects import LoggedCustomer, logged_customers
from providers.reconcile.objects import ComparisonScope, compare
from providers.reconcile.snapshots import Seen, seen
from providers.reconcile.statements import rows
from providers.reconcile.stripe_api import StripeApi

PAGE = 200


def our_customers(conn: AnyConnection, account: str | None) -> Iterator[dict[str, str | None]]:
    """Page by page: customer to user, of those of one account."""
    after = ""
    while True:
        page = rows(conn, "customers_page", after=after, owner=account or "", limit=PAGE)
        if not page:
            return
        after = page[-1]["customer_id"]
        yield {row["customer_id"]: row["user_id"] for row in page}


def compare_unlisted(
    conn: AnyConnection, api: StripeApi, customers: list[str], judge: ComparisonScope
) -> list[Drift]:
    """Drift of these customers and their running subscriptions that this run's lists did not contain."""
    ours = logged_customers(conn, customers)
    paths = {f"/v1/{kind}s/{_bare(object_id)}": object_id for kind, object_id in _running(ours)}
    unseen = rows(conn, "unseen_among", scope=api.scope, ids=list(paths.values()))
    missing = {row["id"] for row in unseen}
    objects = [
        one for path, object_id in paths.items() if object_id in missing and (one := _ask(api, path, judge))
    ]
    return compare(conn, objects, judge)


def _running(ours: dict[str, LoggedCustomer]) -> Iterator[tuple[str, str]]:
    for route, one in ours.items():
        customer = one.state.customers.get(route)
        if customer is not None and not customer.deleted:
            yield "customer", route
        for subscription in one.state.subscriptions.values():
            if subscription.status not in TERMINAL:
                yield "subscription", subscription.id


def _ask(api: StripeApi, path: str, judge: ComparisonScope) -> Seen | None:
    """The object; a deleted customer is a tombstone. None for an object that was never in this account."""
    try:
        body, observed_at = api.one(path)
        return seen(body, observed_at=observed_at, account=judge.account)
    except (NotThere, Unfoldable, msgspec.MsgspecError, KeyError):
        return None


def _bare(object_id: str) -> str:
    return object_id.rpartition("/")[2]
