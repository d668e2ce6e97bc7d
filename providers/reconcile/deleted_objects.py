"""What we have and a list did not name: asked for one by one before anybody calls it gone."""

from collections.abc import Iterator

import msgspec

from projections.errors import Unfoldable
from projections.stripe_objects import TERMINAL
from providers.reconcile.drift import Drift
from providers.reconcile.errors import NotThere
from providers.reconcile.logged_objects import LoggedCustomer, held
from providers.reconcile.objects import ComparisonScope, compare
from providers.reconcile.snapshots import Seen, seen
from providers.reconcile.statements import AnyConnection, rows
from providers.reconcile.stripe_api import StripeApi

PAGE = 200


def our_customers(conn: AnyConnection, account: str | None) -> Iterator[dict[str, str | None]]:
    """Page by page: customer to user, of those of one account."""
    after = ""
    while True:
        found = rows(conn, "customers_page", after=after, owner=account or "", limit=PAGE)
        if not found:
            return
        after = found[-1]["customer_id"]
        yield {row["customer_id"]: row["user_id"] for row in found}


def compare_unlisted(
    conn: AnyConnection, api: StripeApi, customers: list[str], judge: ComparisonScope
) -> list[Drift]:
    """Drift of these customers, and of their running subscriptions, that this run did not meet."""
    ours = held(conn, customers, live_only=judge.live_only)
    wanted = {f"/v1/{kind}s/{_bare(thing)}": thing for kind, thing in _running(ours)}
    unseen = rows(conn, "unseen_among", scope=api.scope, ids=list(wanted.values()))
    missing = {row["id"] for row in unseen}
    found = [one for path, thing in wanted.items() if thing in missing and (one := _ask(api, path, judge))]
    return compare(conn, found, judge)


def _running(ours: dict[str, LoggedCustomer]) -> Iterator[tuple[str, str]]:
    for route, one in ours.items():
        customer = one.state.customers.get(route)
        if customer is not None and not customer.deleted:
            yield "customer", route
        for subscription in one.state.subscriptions.values():
            if subscription.status not in TERMINAL:
                yield "subscription", subscription.id


def _ask(api: StripeApi, path: str, judge: ComparisonScope) -> Seen | None:
    """A deleted customer answers with its tombstone; what was never this key's is not there."""
    try:
        body, observed_at = api.one(path)
        return seen(body, observed_at=observed_at, account=judge.account)
    except (NotThere, Unfoldable, msgspec.MsgspecError, KeyError):
        return None


def _bare(object_id: str) -> str:
    return object_id.rpartition("/")[2]
