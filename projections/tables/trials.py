"""Trials: how Stripe's snapshots, payments and domain events begin, convert and end one."""

from collections.abc import Callable

from msgspec.structs import replace

from events.clock import micros
from events.domain import user as own
from projections.facts import Fact
from projections.shapes.invoice import InvoicePaid
from projections.shapes.subscription import SubscriptionFact
from projections.state import NO_LEGACY, State, Trial
from projections.stripe_objects import current_subscription
from projections.tables.users import payload_of

LOST = frozenset({"canceled", "incomplete_expired", "paused", "unpaid"})
UNPAID = LOST | {"past_due"}


def trial_plan(state: State) -> str | None:
    """The plan of the service's own running trial."""
    trial = state.trial
    if trial.status != "active" or trial.subscription is not None:
        return None
    return trial.plan or state.intended_plan or (state.legacy or NO_LEGACY).intended_plan


def trial_dates(state: State, current: SubscriptionFact | None) -> tuple[int | None, int | None]:
    """Start and end of the trial: the current subscription's, else the service's own or the last one's.

    An item loses its trial offer when the offer ends; the trial's dates stay.
    """
    trial = state.trial
    is_of_current = current is not None and trial.subscription == current.id and not trial.is_offer
    if current is not None and (current.trial_end is not None or is_of_current):
        return _instant(current.trial_start), _instant(current.trial_end)
    return trial.starts_at, trial.ends_at


def _snapshot(state: State, fact: Fact) -> None:
    """A subscription's snapshot begins, converts, ends or clears the trial."""
    new = fact.body
    assert isinstance(new, SubscriptionFact)
    if state.subscriptions.get(new.id) is not new:  # an ended subscription does not change
        return
    trial = _without_unpaid_conversion(state.trial, new)
    if _is_cleared(trial, new):
        trial = Trial()
    if trial.status != "converted":
        trial = _moved(state, trial, new, fact.at)
    state.trial = trial


def _moved(state: State, trial: Trial, new: SubscriptionFact, at: int) -> Trial:
    if trial.subscription == new.id or trial.status != "active":
        trial = _dated(trial, new, at)
    runs = _runs(new, at)
    if new.status == "active" and not runs and trial.status in ("active", "expired"):
        unpaid = None if _has_paid(state, trial, new.id) else (new.id, trial.status)
        return replace(trial, status="converted", converted_at=at, unpaid=unpaid)
    if new.status in LOST and trial.status in ("pending", "active") and trial.subscription == new.id:
        trial = replace(trial, status="expired")
    current = current_subscription(state)
    return _dated(trial, current, at) if current is not None and _runs(current, at) else trial


def _runs(subscription: SubscriptionFact, at: int) -> bool:
    """Whether its trial runs: with the status `trialing`, or on a trial offer, which may be paid for."""
    if subscription.offer_ends is not None and subscription.status == "active":
        return at < subscription.offer_ends * 1_000_000
    return subscription.status == "trialing"


def _dated(trial: Trial, new: SubscriptionFact, at: int) -> Trial:
    """The trial with this subscription's dates; an expired one begins again only with another end.

    Before the first payment is made (`incomplete`) a trial waits.
    """
    is_same = trial.subscription == new.id
    if new.trial_end is None:
        return trial
    runs, ends_at = _runs(new, at), _instant(new.trial_end)
    waits = new.status == "incomplete"
    if waits and not is_same and trial.status != "pending":
        return trial
    begins = not waits and (not is_same or trial.status == "pending" or (runs and ends_at != trial.ends_at))
    return Trial(
        status="active" if begins else trial.status if is_same else "pending",
        starts_at=_instant(new.trial_start),
        ends_at=ends_at,
        subscription=new.id,
        was_trialing=runs or (is_same and trial.was_trialing),
        is_offer=new.offer_ends is not None,
    )


def _is_cleared(trial: Trial, new: SubscriptionFact) -> bool:
    """Whether the dates of a trial that was never `trialing` were removed."""
    if trial.subscription != new.id or new.trial_end is not None or trial.was_trialing:
        return False
    return trial.status != "converted" or trial.unpaid is not None


def _without_unpaid_conversion(trial: Trial, new: SubscriptionFact) -> Trial:
    """Stripe shows `active` about an hour before it charges: if the charge fails, nothing was converted."""
    if trial.unpaid is None or trial.unpaid[0] != new.id or new.status not in UNPAID:
        return trial
    return replace(trial, status=trial.unpaid[1], converted_at=None, unpaid=None)


def _paid(state: State, fact: Fact) -> None:
    """A paid invoice of the trial's subscription converts it, except the first and a trial offer's price."""
    invoice = fact.body
    assert isinstance(invoice, InvoicePaid)
    trial = state.trial
    if invoice.amount_paid_minor <= 0 or invoice.subscription is None:
        return
    state.paid_at[invoice.subscription] = max(fact.at, state.paid_at.get(invoice.subscription, 0))
    is_trials = trial.subscription in (None, invoice.subscription)
    is_offers_price = trial.is_offer and trial.ends_at is not None and fact.at < trial.ends_at
    if trial.status in ("active", "expired") and is_trials and not invoice.is_first and not is_offers_price:
        state.trial = replace(trial, status="converted", converted_at=fact.at)
    elif trial.unpaid is not None and (
        trial.unpaid[0] == invoice.subscription
        and (not invoice.is_first or _has_paid(state, trial, invoice.subscription))
    ):
        state.trial = replace(trial, unpaid=None)


def _has_paid(state: State, trial: Trial, subscription: str) -> bool:
    """Whether an invoice of the subscription was paid since the trial's end; or ever, if it had no trial."""
    paid_at = state.paid_at.get(subscription)
    if paid_at is None:
        return False
    return trial.subscription != subscription or trial.ends_at is None or paid_at >= trial.ends_at


def _started(state: State, fact: Fact) -> None:
    """Begin the service's own trial; a running trial at Stripe has precedence."""
    event = own.TrialStarted.model_validate_json(payload_of(fact))
    at_stripe = state.trial.status == "active" and state.trial.subscription is not None
    if state.trial.status != "converted" and not at_stripe:
        state.trial = Trial("active", micros(event.starts_at), micros(event.ends_at), plan=event.plan_key)


def _extended(state: State, fact: Fact) -> None:
    """Extend the service's own trial only: Stripe changes the end of its trials."""
    event = own.TrialExtended.model_validate_json(payload_of(fact))
    trial = state.trial
    if trial.status in ("active", "expired") and trial.subscription is None:
        state.trial = replace(trial, status="active", ends_at=micros(event.ends_at))


def _expired(state: State, fact: Fact) -> None:
    """End the trial if its end is still the one in the event. A trial ended by hand ends at the event."""
    event = own.TrialExpired.model_validate_json(payload_of(fact))
    trial = state.trial
    if trial.ends_at is None or trial.ends_at != micros(event.ends_at):
        return
    if trial.unpaid is not None:  # appended before the webhook with the conversion
        state.trial = replace(trial, unpaid=(trial.unpaid[0], "expired"))
    elif trial.status == "active":
        ended_at = trial.ends_at if trial.subscription is not None else min(trial.ends_at, fact.at)
        state.trial = replace(trial, status="expired", ends_at=ended_at)


def _instant(seconds: int | None) -> int | None:
    return None if seconds is None else seconds * 1_000_000


BODY_RULES: dict[type, Callable[[State, Fact], None]] = {SubscriptionFact: _snapshot, InvoicePaid: _paid}
RULES: dict[str, Callable[[State, Fact], None]] = {
    "trial.started": _started,
    "trial.extended": _extended,
    "trial.expired": _expired,
}
