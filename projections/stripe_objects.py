"""The newest snapshot of each Stripe object, from which the tables are computed."""

from collections.abc import Callable

from projections.facts import Body, Fact
from projections.shapes.customer import CustomerFact
from projections.shapes.payment_method import PaymentMethodFact
from projections.shapes.subscription import PlanHint, SubscriptionFact
from projections.state import State

TERMINAL = frozenset({"canceled", "incomplete_expired"})

# Highest first; an unknown status ranks just above the ended ones, since it has not ended.
STATUS_RANK = {
    "active": 9,
    "trialing": 8,
    "past_due": 7,
    "unpaid": 6,
    "paused": 5,
    "incomplete": 4,
    "canceled": 2,
    "incomplete_expired": 1,
}
UNKNOWN_RANK = 3
MAX_HINTS = 100

ATTACHED = (".attached", "source.created", "card.created")


def current_subscription(state: State) -> SubscriptionFact | None:
    """The subscription that determines the user's plan: best status, then latest created, then id."""
    return max(state.subscriptions.values(), key=_standing, default=None)


def attached_last(state: State, customer_id: str | None) -> PaymentMethodFact | None:
    """The customer's method attached last; never a detached one."""
    methods = state.payment_methods.values()
    there = [method for method in methods if not method.detached and method.customer in (None, customer_id)]
    return max(there, key=lambda method: (state.attached_at.get(method.id, 0), method.id), default=None)


def _standing(subscription: SubscriptionFact) -> tuple[int, int, str]:
    return STATUS_RANK.get(subscription.status, UNKNOWN_RANK), subscription.created, subscription.id


def _subscription(state: State, fact: Fact) -> None:
    """The newest snapshot stands, but an ended subscription never comes back."""
    new = fact.body
    assert isinstance(new, SubscriptionFact)
    old = state.subscriptions.get(new.id)
    if old is not None and old.status in TERMINAL and new.status not in TERMINAL:
        return
    state.subscriptions[new.id] = new
    earlier = state.hints.get(new.id, ())
    fresh = tuple(hint for hint in new.hints if hint not in earlier and _names_a_plan(hint))
    if fresh:
        state.hints[new.id] = (earlier + fresh)[:MAX_HINTS]


def _names_a_plan(hint: PlanHint) -> bool:
    return hint.price_id is not None and (hint.lookup_key or hint.metadata_plan) is not None


def hints_of(state: State, subscription: SubscriptionFact) -> list[PlanHint]:
    """The subscription's plan hints, in the order to be tried.

    A price keeps the meaning it had when this subscription first had it, so its earlier hints precede the
    present one. The subscription's own metadata is not about a price and comes last.
    """
    tried: list[PlanHint] = []
    for hint in subscription.hints:
        earlier = [past for past in state.hints.get(subscription.id, ()) if past.price_id == hint.price_id]
        tried += [*earlier, *([] if hint in earlier else [hint])]
    if subscription.metadata_plan is not None:
        tried.append(PlanHint(metadata_plan=subscription.metadata_plan))
    return tried


def _customer(state: State, fact: Fact) -> None:
    """The newest snapshot stands, but a deleted customer stays deleted."""
    new = fact.body
    assert isinstance(new, CustomerFact)
    old = state.customers.get(new.id)
    if old is None or not old.deleted:
        state.customers[new.id] = new


def _payment_method(state: State, fact: Fact) -> None:
    """A detached method is kept, so that no default revives it."""
    new = fact.body
    assert isinstance(new, PaymentMethodFact)
    old = state.payment_methods.get(new.id)
    if old is None or fact.type.endswith(ATTACHED):
        of_this_instant = [at + 1 for at in state.attached_at.values() if at >= fact.at]
        state.attached_at[new.id] = max([fact.at, *of_this_instant])
    elif old.detached and not new.detached:
        return
    state.payment_methods[new.id] = new


def known_before(state: State, body: Body | None) -> Body | None:
    """The state's snapshot of an object; None for a kind that the state does not keep."""
    if not isinstance(body, SubscriptionFact | CustomerFact | PaymentMethodFact):
        return None
    kept: dict[str, Body] = getattr(state, KEPT[type(body)])
    return kept.get(body.id)


# The objects whose newest snapshot a state keeps, and the field that stores it.
KEPT: dict[type, str] = {
    SubscriptionFact: "subscriptions",
    CustomerFact: "customers",
    PaymentMethodFact: "payment_methods",
}
RULES: dict[type, Callable[[State, Fact], None]] = {
    SubscriptionFact: _subscription,
    CustomerFact: _customer,
    PaymentMethodFact: _payment_method,
}
