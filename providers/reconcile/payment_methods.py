"""Payment methods of customers without a default: the one attached last is in force, so fetch them."""

from collections.abc import Iterable, Sequence
from dataclasses import replace

import structlog

from events.statements import AnyConnection
from projections.shapes.payment_method import PaymentMethodFact
from projections.shapes.subscription import SubscriptionFact
from projections.stripe_objects import TERMINAL
from providers.reconcile.drift import Drift
from providers.reconcile.errors import NotThere
from providers.reconcile.logged_objects import LoggedCustomer, logged_customers
from providers.reconcile.objects import ComparisonScope, compare
from providers.reconcile.snapshots import Seen, seen, snapshot
from providers.reconcile.statements import erased_among
from providers.reconcile.stripe_api import ObjectPage, StripeApi

logger = structlog.get_logger(__name__)


def compare_methods(
    conn: AnyConnection, api: StripeApi, objects: Sequence[Seen], judge: ComparisonScope
) -> list[Drift]:
    """Drift of the methods of customers where neither they nor their running subscription name one."""
    routes = {
        one.route
        for one in objects
        if isinstance(one.theirs, SubscriptionFact)
        and one.theirs.payment_method is None
        and one.theirs.status not in TERMINAL
    }
    routes -= erased_among(conn, routes)
    if not routes:
        return []
    ours = logged_customers(conn, routes)
    drifts: list[Drift] = []
    for route in sorted(routes):
        customer = ours[route].state.customers.get(route)
        if customer is not None and (customer.deleted or customer.payment_method is not None):
            continue
        drifts += _of_customer(conn, api, route, ours[route], judge)
    return drifts


def _of_customer(
    conn: AnyConnection, api: StripeApi, route: str, ours: LoggedCustomer, judge: ComparisonScope
) -> Iterable[Drift]:
    """Drift of the newest method, and of those attached in the log but no longer at Stripe."""
    try:
        page = api.page(f"/v1/customers/{route.rpartition('/')[2]}/payment_methods")
    except NotThere:
        return []
    theirs = [one for body in page.objects if (one := _method(body, page, judge))]
    drifts = compare(conn, theirs[:1], judge)
    if page.has_more:
        return drifts
    listed = {one.id for one in theirs}
    for method in ours.state.payment_methods.values():
        if not method.detached and method.id not in listed and method.id.startswith("pm_"):
            drifts += _detached(api, method, route, ours, judge)
    return drifts


def _method(body: bytes, page: ObjectPage, judge: ComparisonScope) -> Seen | None:
    try:
        return seen(body, observed_at=page.observed_at, account=judge.account)
    except Exception as problem:  # one object that can't be read must not end the run
        logger.warning("reconcile.object_unreadable", error=type(problem).__name__)
        return None


def _detached(
    api: StripeApi, method: PaymentMethodFact, route: str, ours: LoggedCustomer, judge: ComparisonScope
) -> list[Drift]:
    try:
        body, observed_at = api.one(f"/v1/payment_methods/{method.id}")
    except NotThere:
        return []
    current = replace(seen(body, observed_at=observed_at, account=judge.account), route=route)
    if not isinstance(current.theirs, PaymentMethodFact) or current.theirs.customer is not None:
        return []
    last = ours.last_of(method.id)
    event = snapshot(
        current,
        after=last.key if last else None,
        cause="missed event",
        envelope=judge.envelope,
        account=judge.account,
        detached_from=route.rpartition("/")[2],
    )
    fields = {"customer": (method.customer, None)}
    return [
        Drift(kind="payment_method", object_id=method.id, cause="missed event", fields=fields, event=event)
    ]
