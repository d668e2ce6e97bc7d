"""Compare Stripe's objects with the log: what differs, why, and the snapshots that heal it."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import timedelta

import msgspec
import structlog

from events import livemode
from events.clock import micros
from events.statements import AnyConnection
from projections import store
from projections.catalog import Catalog
from projections.shapes.customer import CustomerFact
from projections.shapes.subscription import PlanHint, SubscriptionFact
from projections.stripe_objects import TERMINAL
from projections.tables.subscriptions import PAYING_OR_LATE
from providers.reconcile.drift import Cause, Drift, differing
from providers.reconcile.event_metadata import StripeEnvelope
from providers.reconcile.logged_objects import LoggedCustomer, logged_customers
from providers.reconcile.snapshots import Seen, collapsed, seen, snapshot
from providers.reconcile.statements import erased_among
from providers.reconcile.stripe_api import ObjectPage

logger = structlog.get_logger(__name__)

HEALED: tuple[Cause, ...] = ("missed event", "older than 30 days")
# Stripe's API may lag behind its webhooks: an event younger than that may be newer than the object.
LAG = timedelta(minutes=1)
# Where a list carries its objects' payment methods: one request instead of one per customer.
EXPANDED = {
    "customers": (
        "data.invoice_settings.default_payment_method",
        ("invoice_settings", "default_payment_method"),
    ),
    "subscriptions": ("data.default_payment_method", ("default_payment_method",)),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class ComparisonScope:
    """The settings of a comparison. `covered`: no event of the last thirty days is missing.

    `missed`: customers for whom this run found missed events (in a dry run they are not
    appended, so the differences they would heal show as drift).
    """

    envelope: StripeEnvelope
    account: str | None
    covered: bool
    missed: frozenset[str] = frozenset()
    catalog: Catalog | None = None
    importing: bool = False


def read_page(page: ObjectPage, listed: str, judge: ComparisonScope) -> list[Seen]:
    """The page's objects, and after them the expanded payment methods.

    An object that no reader can parse is omitted: it can heal nothing, and the next event about it
    is quarantined with its reason.
    """
    _, path = EXPANDED[listed]
    listed_objects: list[Seen] = []
    brought: dict[str, Seen] = {}
    for body in page.objects:
        whole, inner = collapsed(body, path)
        for part, into in ((whole, None), (inner, brought)):
            one = None if part is None else _read(part, page, judge)
            if one is None or not livemode.counts(one.livemode) or one.has_no_customer:
                continue
            if into is None:
                listed_objects.append(one)
            else:
                into[one.id] = one
    return listed_objects + list(brought.values())


def _read(body: bytes, page: ObjectPage, judge: ComparisonScope) -> Seen | None:
    try:
        return seen(body, observed_at=page.observed_at, account=judge.account)
    except Exception as problem:  # one object that can't be read must not end the run
        logger.warning("reconcile.object_unreadable", error=type(problem).__name__)
        return None


def compare(conn: AnyConnection, objects: Sequence[Seen], judge: ComparisonScope) -> list[Drift]:
    """Where Stripe and the log differ; erased persons are skipped."""
    erased = erased_among(conn, {one.route for one in objects})
    objects = [one for one in objects if one.route not in erased]
    ours = logged_customers(conn, {one.route for one in objects})
    return [drift for one in objects for drift in _drifts(one, ours[one.route], judge)]


def _drifts(one: Seen, ours: LoggedCustomer, judge: ComparisonScope) -> list[Drift]:
    """The object's drift; none if the comparison fails: the run continues with the next."""
    try:
        return list(_judged(one, ours, judge))
    except Exception:
        logger.exception("reconcile.object_not_compared", kind=one.kind, object_id=one.id)
        return []


def _judged(one: Seen, ours: LoggedCustomer, judge: ComparisonScope) -> Iterable[Drift]:
    body = ours.body_of(one.kind, one.id, one.route)
    if isinstance(one.theirs, SubscriptionFact) and _price_unknown(one.theirs, judge.catalog):
        yield Drift(
            kind=one.kind,
            object_id=one.id,
            cause="unknown price",
            fields={"price": (None, one.theirs.hint.price_id)},
        )
    if body == one.theirs:
        return
    last = ours.last_of(one.id)
    cause = _cause(one, ours, judge)
    if cause in HEALED and last is not None and last.at >= micros(one.observed_at - LAG):
        cause = "older page"
    heals = cause in HEALED
    yield Drift(
        kind=one.kind,
        object_id=one.id,
        cause=cause,
        fields=differing(body, one.theirs),
        customer_id=one.route,
        event=snapshot(
            one,
            after=last.key if last else None,
            cause="import" if judge.importing else cause,
            envelope=judge.envelope,
            account=judge.account,
        )
        if heals
        else None,
    )


def _cause(one: Seen, ours: LoggedCustomer, judge: ComparisonScope) -> Cause:
    if ours.state.poison is not None:
        return "quarantined"
    if _absorbed(one, ours):
        return "absorbed"
    last = ours.last_of(one.id)
    if last is not None and last.body == one.theirs:
        return "projector bug"
    if one.route in judge.missed or not judge.covered:
        return "missed event"
    return "older than 30 days"


def _absorbed(one: Seen, ours: LoggedCustomer) -> bool:
    """An end is final in the fold: no snapshot would bring the object back."""
    body = ours.body_of(one.kind, one.id, one.route)
    if isinstance(body, SubscriptionFact) and isinstance(one.theirs, SubscriptionFact):
        return body.status in TERMINAL and one.theirs.status not in TERMINAL
    if isinstance(body, CustomerFact) and isinstance(one.theirs, CustomerFact):
        return body.deleted and not one.theirs.deleted
    return bool(getattr(body, "detached", False))


def _price_unknown(theirs: SubscriptionFact, catalog: Catalog | None) -> bool:
    if catalog is None or theirs.status not in PAYING_OR_LATE:
        return False
    return catalog.first_known(_hints(theirs)) is None


def _hints(theirs: SubscriptionFact) -> list[PlanHint]:
    return [*theirs.hints, PlanHint(metadata_plan=theirs.metadata_plan)]


def catalog_in(conn: AnyConnection) -> Catalog:
    """The catalog as projected."""
    stored = store.read_catalog(conn)
    return Catalog() if stored is None else msgspec.json.decode(stored[1], type=Catalog)
