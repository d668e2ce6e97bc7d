"""Why a user has the present plan and status, in one paragraph, with unusual facts."""

from collections.abc import Callable, Iterator
from dataclasses import asdict
from datetime import datetime, timedelta
from typing import Any

from events.clock import from_micros
from events.statements import AnyConnection
from projections.shapes.subscription import SubscriptionFact
from projections.state import State
from projections.stripe_objects import current_subscription, hints_of
from projections.tables.subscriptions import PAYING_OR_LATE, plan_source, resolve
from projections.tables.trials import trial_dates
from queries.customers import Unlinked, unlinked_customers
from queries.entitlements import lapsed, standing
from queries.events import EventFilter, EventRow, one_event, search
from queries.instants import iso, minute
from queries.lag import projection_lag
from queries.lateness import late_event
from queries.oddities import Facts, oddities, unmapped_subscription
from queries.provenance import event_behind
from queries.stored_fold import stored_fold
from queries.unknown_prices import price_fix

LATEST = 20  # events looked at for late deliveries
LOOKED_AT = 200  # unlinked customers whose addresses are compared

Json = dict[str, Any]  # Any: JSON values and instants


def why(conn: AnyConnection, user_id: str, *, now: datetime) -> Json | None:
    """`user_id`, `plan`, `subscription_status`, `why` (a paragraph), `event_id`, `odd` and `next`.

    `odd` is a list of `kind`, `text` and `next`, the most urgent first; `next` is the first one's command.
    None for a user that no event mentions.
    """
    facts = _facts(conn, user_id, now)
    if facts is None:
        return None
    odd = oddities(facts)
    return {
        "user_id": user_id,
        "plan": facts.standing.plan,
        "subscription_status": facts.standing.subscription_status,
        "why": " ".join([*_because(facts), *(f"{oddity.text}." for oddity in odd)]),
        "event_id": None if facts.event is None else facts.event["id"],
        "odd": [asdict(oddity) for oddity in odd],
        "next": odd[0].next if odd else f"tenure user history {user_id}",
    }


def unpriced(conn: AnyConnection, user_id: str) -> str | None:
    """A note for columns that depend on a price without a plan; None for any other user."""
    stored = stored_fold(conn, user_id)
    subscription = None if stored is None else unmapped_subscription(*stored)
    if subscription is None:
        return None
    return f"{_names_no_plan(subscription)}: {price_fix(subscription.hint.price_id)}"


def _names_no_plan(subscription: SubscriptionFact) -> str:
    price_id = subscription.hint.price_id
    return f"{f'the price {price_id}' if price_id else 'a subscription without a price'} names no plan"


def _facts(conn: AnyConnection, user_id: str, now: datetime) -> Facts | None:
    stored = stored_fold(conn, user_id)
    if stored is None:
        return None
    state, catalog = stored
    at_present = standing(state, catalog, now)
    event_id = event_behind(conn, lapsed(state, now), at_present.source)
    oldest = projection_lag(conn).oldest_recorded_at
    latest = search(conn, EventFilter(user_id=user_id), limit=LATEST).items
    return Facts(
        state=state,
        catalog=catalog,
        standing=at_present,
        event=None if event_id is None else one_event(conn, event_id),
        latest=latest,
        late=late_event(conn, state, latest, now=now),
        unlinked=_same_address(conn, user_id) if state.email else [],
        waited=timedelta() if oldest is None else now - oldest,
        now=now,
    )


def _same_address(conn: AnyConnection, user_id: str) -> list[Unlinked]:
    page = unlinked_customers(conn, limit=LOOKED_AT)
    return [
        customer
        for customer in page.items
        if any(user["user_id"] == user_id for user in customer.suggestions)
    ]


def _because(facts: Facts) -> Iterator[str]:
    """The sentences on plan, status, trial and what comes next."""
    state, in_force = facts.state, facts.standing
    current = current_subscription(state)
    if state.deleted_at is not None:
        yield f"{state.user_id} was deleted at {minute(from_micros(state.deleted_at))}."
    yield f"{state.user_id} is on the {in_force.plan} plan, because {REASONS[in_force.source](facts)}."
    if facts.event is not None:
        yield (
            f"The event that decided it is {facts.event['event_type']} of {iso(facts.event['occurred_at'])}"
            + (f" ({facts.event['id']}), by {_actor(facts.event)}.")
        )
    if current is None:
        yield "The log has no Stripe subscription of this user."
    else:
        yield f"Subscription {current.id} of customer {current.customer} is {current.status}."
    if state.trial.status in TRIALS:
        yield _trial(state, current, facts.now)


def _trial(state: State, current: SubscriptionFact | None, now: datetime) -> str:
    """The trial's sentence; it names the subscription when the status above is another one's."""
    trial = state.trial
    is_of_another = current is not None and trial.subscription not in (None, current.id)
    ends_at = trial.ends_at if is_of_another else trial_dates(state, current)[1]
    of = f" of subscription {trial.subscription}" if is_of_another else ""
    end = ""
    if ends_at is not None:
        at = from_micros(ends_at)
        end = f" (it {'ends' if at > now else 'ended'} {minute(at)})"
    return f"Their trial{of} {TRIALS[trial.status]}{end}."


TRIALS = {
    "active": "is running",
    "converted": "became a paid subscription",
    "expired": "ended without a payment",
}


def _actor(event: EventRow) -> str:
    """The actor of the event and the reason; the provider for its events."""
    metadata = event["metadata"] or {}
    actor, reason = metadata.get("actor"), metadata.get("reason")
    return f"{actor or event['source_system']}{f': “{reason}”' if reason else ''}"


def _by_grant(facts: Facts) -> str:
    until = facts.standing.until
    return "an operator granted it" + (f" until {iso(until)}" if until else ", with no end")


def _by_subscription(facts: Facts) -> str:
    current = current_subscription(facts.state)
    assert current is not None  # as the source says
    hints = hints_of(facts.state, current)
    first_match = facts.catalog.first_known(hints)
    if first_match is None:
        return _names_no_plan(current)
    price = first_match[0].price_id
    return (
        f"the catalog maps price {price} of their subscription to it"
        if price
        else "their subscription's metadata names it"
    )


def _by_nothing(facts: Facts) -> str:
    current = current_subscription(facts.state)
    if current is None:
        return "they have no grant, subscription or running trial"
    if unmapped_subscription(facts.state, facts.catalog) is not None:
        return _names_no_plan(current)
    if current.status in PAYING_OR_LATE:
        named = resolve(plan_source(facts.state, current), facts.catalog)[0]
        return f"the limits of free apply while their subscription to {named} is {current.status}"
    return f"a subscription that is {current.status} gives no plan"


REASONS: dict[str, Callable[[Facts], str]] = {
    "grant": _by_grant,
    "subscription": _by_subscription,
    "legacy": lambda _: "they had it before the log began, and no Stripe subscription exists since",
    "own_trial": lambda facts: f"their trial of it runs until {iso(facts.standing.until or facts.now)}",
    "free": _by_nothing,
}
