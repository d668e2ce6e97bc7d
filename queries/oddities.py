"""Unusual facts about a user: each check at the foot yields a text and the next command."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from events.clock import from_micros
from projections.catalog import Catalog
from projections.shapes.subscription import SubscriptionFact
from projections.state import State
from projections.stripe_objects import STATUS_RANK, current_subscription
from projections.tables.subscriptions import PAYING_OR_LATE, Subscription, plan_source, resolve
from queries.customers import Unlinked
from queries.entitlements import PlanInForce
from queries.events import EventRow
from queries.instants import iso
from queries.lateness import Late
from queries.unknown_prices import price_fix

LAG = timedelta(seconds=30)
RENEWAL_DELAY = timedelta(days=2)
RENEWING = ("active", "past_due", "trialing")


@dataclass(frozen=True, slots=True)
class Oddity:
    """A finding about a user: its kind, a sentence, and the command to run next."""

    kind: str
    text: str
    next: str


@dataclass(frozen=True, slots=True)
class Facts:
    """The input of the paragraph and of the checks below, read once."""

    state: State
    catalog: Catalog
    standing: PlanInForce
    event: EventRow | None
    latest: list[EventRow]
    late: Late | None
    unlinked: list[Unlinked]
    waited: timedelta
    now: datetime


def oddities(facts: Facts) -> list[Oddity]:
    """All oddities, the most urgent first."""
    return [oddity for check in CHECKS for oddity in check(facts)]


def unmapped_subscription(state: State, catalog: Catalog) -> SubscriptionFact | None:
    """The current subscription, if the catalog knows none of its prices."""
    current = current_subscription(state)
    if current is None or current.status not in PAYING_OR_LATE:
        return None
    without_grant = state.copy()
    without_grant.grant = None
    if not resolve(plan_source(without_grant, current), catalog)[1]:
        return None
    return current


def _quarantined(facts: Facts) -> Iterator[Oddity]:
    poison = facts.state.poison
    if poison is not None:
        text = (
            f"Their history stops at {poison.type} ({poison.id}), which can't be read: "
            f"{poison.field}: {poison.reason}"
        )
        yield Oddity("quarantined", text, "tenure quarantine list")


def _erased(facts: Facts) -> Iterator[Oddity]:
    erasure = next((event for event in facts.latest if event["event_type"] == "privacy.erased"), None)
    if erasure is not None:
        user = facts.state.user_id
        text = (
            f"Their payloads were erased at {iso(erasure['occurred_at'])}; only events after that are shown"
        )
        yield Oddity("erased", text, f"tenure events list --user {user} --type privacy.erased")


def _behind(facts: Facts) -> Iterator[Oddity]:
    if facts.waited > LAG:
        text = f"The tables are behind the log: an event has waited {int(facts.waited.total_seconds())} s"
        yield Oddity("behind", text, "tenure status")


def _unlinked(facts: Facts) -> Iterator[Oddity]:
    for customer in facts.unlinked:
        user = facts.state.user_id
        text = (
            f"Stripe customer {customer.customer_id} has the same e-mail address, {customer.events} events "
            "and no user: perhaps they paid there, but an address proves nothing"
        )
        fix = f"if it is them: tenure link add {user} {customer.customer_id} --reason …"
        yield Oddity("unlinked", text, fix)


def _price_unknown(facts: Facts) -> Iterator[Oddity]:
    subscription = unmapped_subscription(facts.state, facts.catalog)
    if subscription is not None:
        price_id = subscription.hint.price_id
        cause = f"No plan in the catalog has {price_id}" if price_id else f"{subscription.id} has no price"
        text = f"{cause}, so the subscription gives the limits of free"
        yield Oddity("unknown_price", text, price_fix(price_id))


def _stale(facts: Facts) -> Iterator[Oddity]:
    if _subscription_row(facts).billing_sync_status == "stale":
        ids = ", ".join(facts.state.ahead)
        text = f"Stripe has changed {ids}, and the last reconciliation could not apply that here"
        yield Oddity("stale", text, "tenure reconcile stripe --dry-run")


def _overdue(facts: Facts) -> Iterator[Oddity]:
    """The period is over, and no event has renewed or ended it."""
    row = _subscription_row(facts)
    ends_at = row.subscription_renewal_date or row.subscription_cancel_date
    if row.subscription_status not in RENEWING or ends_at is None:
        return
    if from_micros(ends_at) < facts.now - RENEWAL_DELAY:
        expected = "renewal" if row.subscription_renewal_date else "cancellation"
        text = (
            f"The period ended on {from_micros(ends_at):%Y-%m-%d} and no {expected} has arrived; "
            "a webhook may be lost"
        )
        yield Oddity("overdue", text, "tenure reconcile stripe")


def _subscription_row(facts: Facts) -> Subscription:
    return Subscription(*facts.state.cores.get("user_subscriptions", ()))


def _unmentioned(facts: Facts) -> Iterator[Oddity]:
    """A wrong id in Stripe's metadata makes a user of its own."""
    state = facts.state
    if not state.clerk_said and state.legacy is None and state.deleted_at is None and state.poison is None:
        text = "No Clerk event has mentioned this user; check the id"
        yield Oddity("unmentioned", text, f"tenure events list --user {state.user_id}")


def _unknown_status(facts: Facts) -> Iterator[Oddity]:
    for subscription in facts.state.subscriptions.values():
        if subscription.status not in STATUS_RANK:
            text = (
                f"Subscription {subscription.id} has the status {subscription.status}, "
                "which this version does not know"
            )
            yield Oddity("unknown_status", text, f"look at {subscription.id} in Stripe")


def _unpaid(facts: Facts) -> Iterator[Oddity]:
    current = current_subscription(facts.state)
    if current is not None and current.status in WORRYING:
        text = WORRYING[current.status]
        yield Oddity(
            "unpaid", text, f"look at {current.id} in Stripe; tenure user history {facts.state.user_id}"
        )


def _granted(facts: Facts) -> Iterator[Oddity]:
    current = current_subscription(facts.state)
    if facts.standing.source == "grant" and current is not None and current.status in PAYING_OR_LATE:
        plan, subscription = facts.standing.plan, f"subscription {current.id}, which is {current.status}"
        text = f"The grant of {plan} takes precedence over {subscription}"
        yield Oddity("granted", text, f"tenure plan revoke {facts.state.user_id} --reason …")


def _deleted(facts: Facts) -> Iterator[Oddity]:
    current = current_subscription(facts.state)
    if facts.state.deleted_at is not None and current is not None and current.status in PAYING_OR_LATE:
        text = f"Subscription {current.id} of the deleted user is still {current.status}"
        yield Oddity(
            "deleted", text, f"cancel {current.id} in Stripe, or link {current.customer} to its new user"
        )


def _several(facts: Facts) -> Iterator[Oddity]:
    live = sorted(
        subscription.id
        for subscription in facts.state.subscriptions.values()
        if subscription.status in PAYING_OR_LATE
    )
    current = current_subscription(facts.state)
    if len(live) > 1 and current is not None:
        others = ", ".join(subscription_id for subscription_id in live if subscription_id != current.id)
        text = (
            f"They have {len(live)} live subscriptions: plan and status come from {current.id} "
            f"and not from {others}"
        )
        yield Oddity("several", text, f"look in Stripe whether {others} should be canceled")


def _late(facts: Facts) -> Iterator[Oddity]:
    late = facts.late
    if late is not None:
        hours = late.for_ // timedelta(hours=1)
        text = (
            f"{late.event['event_type']} of {iso(late.event['occurred_at'])} was recorded at "
            f"{iso(late.event['recorded_at'])}; for {hours} h the tables showed plan {late.plan} and status "
            f"{late.subscription_status}"
        )
        yield Oddity(
            "late", text, f"tenure user show {facts.state.user_id} --known-at {iso(late.just_before)}"
        )


WORRYING = {
    "past_due": "The subscription's last payment failed, and Stripe tries again",
    "unpaid": "The subscription's last invoice is unpaid, and Stripe has stopped trying",
    "incomplete": "The subscription's first payment has not succeeded",
}
CHECKS: tuple[Callable[[Facts], Iterator[Oddity]], ...] = (
    _quarantined,
    _erased,
    _unmentioned,
    _unlinked,
    _price_unknown,
    _unknown_status,
    _stale,
    _overdue,
    _unpaid,
    _deleted,
    _granted,
    _several,
    _behind,
    _late,
)
