"""user_subscriptions: the plan, the subscription that speaks for the user, and their trial."""

from collections.abc import Callable

from msgspec.structs import replace

from events.clock import micros
from events.own import user as own
from projections.catalog import FREE, Catalog
from projections.facts import Checkout, Fact, InvoicePaid, PlanHint, Subscription
from projections.state import NO_LEGACY, Core, Grant, Legacy, State, Trial
from projections.stripe_objects import TERMINAL, current_subscription
from projections.tables.users import payload_of

COLUMNS = (
    "current_plan",
    "intended_plan",
    "subscription_status",
    "trial_status",
    "trial_start_date",
    "trial_end_date",
    "trial_conversion_date",
    "subscription_cancel_date",
    "subscription_renewal_date",
    "billing_sync_status",
)
PAYING_OR_LATE = frozenset({"trialing", "active", "past_due", "unpaid", "paused"})
LOST_TRIAL = frozenset({"canceled", "incomplete_expired", "paused", "unpaid"})


def core(state: State) -> Core:
    """The row's columns; the first is the plan's source, for the catalog to resolve."""
    current = current_subscription(state)
    starts_at, ends_at = trial_dates(state, current)
    legacy = state.legacy or NO_LEGACY
    return [
        plan_source(state, current),
        state.intended_plan or legacy.intended_plan,
        current.status if current else legacy.subscription_status or "none",
        state.trial.status,
        starts_at,
        ends_at,
        state.trial.converted_at,
        _cancel_date(current) if current else legacy.subscription_cancel_date,
        _renewal_date(current) if current else legacy.subscription_renewal_date,
        _sync_status(state),
    ]


def plan_source(state: State, current: Subscription | None) -> str | list[str | None]:
    """A plan key, or the parts of a PlanHint: an operator's grant, else Stripe, else what was known
    before Stripe said anything, else our own trial."""
    if state.grant is not None:
        return state.grant.plan
    if current is not None and current.status in PAYING_OR_LATE:
        hint = current.hint
        return [hint.price_id, hint.lookup_key, hint.price_plan, hint.subscription_plan]
    if current is None and (before := legacy_plan(state)) is not None:
        return before
    return trial_plan(state) or FREE


def legacy_plan(state: State) -> str | None:
    """The plan somebody had before the log began, while Stripe has said nothing of any subscription.

    One whose trial was our own has it by the trial, so that it ends.
    """
    legacy: Legacy = state.legacy or NO_LEGACY
    if legacy.subscription_status not in PAYING_OR_LATE:
        return None
    is_own_trial = legacy.subscription_status == "trialing" and legacy.stripe_subscription_id is None
    return None if is_own_trial else legacy.current_plan


def trial_plan(state: State) -> str | None:
    """The plan our own running trial tries."""
    trial = state.trial
    if trial.status != "active" or trial.subscription is not None:
        return None
    return trial.plan or state.intended_plan or (state.legacy or NO_LEGACY).intended_plan


def trial_dates(state: State, current: Subscription | None) -> tuple[int | None, int | None]:
    """Start and end of the trial: the current subscription's, else our own or the last one's."""
    if current is not None and (current.trial_end is not None or state.trial.subscription == current.id):
        return _instant(current.trial_start), _instant(current.trial_end)
    return state.trial.starts_at, state.trial.ends_at


def resolve(source: str | list[str | None], catalog: Catalog) -> tuple[str, bool, int]:
    """(plan key, whether its price was unknown, when the catalog last decided that)."""
    if isinstance(source, str):
        return source, False, 0
    hint = PlanHint(*source)
    plan = catalog.plan_of(hint)
    return plan or FREE, plan is None, catalog.mapped_at(hint, plan)


def finished(cells: Core, catalog: Catalog) -> tuple[Core, int]:
    """The row under a catalog, and when the catalog last changed it."""
    plan, unknown, mapped_at = resolve(cells[0], catalog)
    return [plan, *cells[1:-1], "error" if unknown else cells[-1]], mapped_at


def _cancel_date(current: Subscription | None) -> int | None:
    if current is None:
        return None
    if current.status in TERMINAL:
        return _instant(current.ended_at or current.canceled_at)
    return _instant(current.cancel_at or (current.period_ends if current.cancel_at_period_end else None))


def _renewal_date(current: Subscription | None) -> int | None:
    """Null when it will not renew: ended, or to end by the close of this period."""
    if (
        current is None
        or current.status in TERMINAL
        or current.cancel_at_period_end
        or current.period_ends is None
    ):
        return None
    if current.cancel_at is not None and current.cancel_at <= current.period_ends:
        return None
    return _instant(current.period_ends)


def _sync_status(state: State) -> str:
    if state.poison is not None:
        return "error"
    return "synced" if state.has_stripe_fact else "pending"


def _instant(seconds: int | None) -> int | None:
    return None if seconds is None else seconds * 1_000_000


def _snapshot(state: State, fact: Fact) -> None:
    """What a subscription's snapshot says about the trial."""
    new = fact.body
    assert isinstance(new, Subscription)
    trial = state.trial
    if trial.status == "converted" or state.subscriptions.get(new.id) is not new:  # an ended one absorbs
        return
    if trial.subscription == new.id or trial.status != "active":
        trial = _begun(trial, new)
    if new.status == "active" and trial.status in ("active", "expired"):
        trial = replace(trial, status="converted", converted_at=fact.at)
    elif new.status in LOST_TRIAL and trial.status == "active" and trial.subscription == new.id:
        trial = replace(trial, status="expired")
    current = current_subscription(state)
    if current is not None and current.status == "trialing" and trial.status != "converted":
        trial = _begun(trial, current)
    state.trial = trial


def _begun(trial: Trial, new: Subscription) -> Trial:
    """The trial as this subscription has it; an expired one begins again only with another end."""
    if new.trial_end is None:
        return trial
    ends_at = _instant(new.trial_end)
    again = trial.subscription != new.id or (new.status == "trialing" and ends_at != trial.ends_at)
    return Trial(
        status="active" if again else trial.status,
        starts_at=_instant(new.trial_start),
        ends_at=ends_at,
        subscription=new.id,
    )


def _paid(state: State, fact: Fact) -> None:
    assert isinstance(fact.body, InvoicePaid)
    if fact.body.amount_paid_minor > 0 and state.trial.status in ("active", "expired"):
        state.trial = replace(state.trial, status="converted", converted_at=fact.at)


def _checkout(state: State, fact: Fact) -> None:
    assert isinstance(fact.body, Checkout)
    if fact.body.plan is not None:
        state.intended_plan = fact.body.plan


def _selected(state: State, fact: Fact) -> None:
    state.intended_plan = own.PlanSelected.model_validate_json(payload_of(fact)).plan_key


def _started(state: State, fact: Fact) -> None:
    """A trial of our own; one that runs at Stripe goes before."""
    said = own.TrialStarted.model_validate_json(payload_of(fact))
    at_stripe = state.trial.status == "active" and state.trial.subscription is not None
    if state.trial.status != "converted" and not at_stripe:
        state.trial = Trial("active", micros(said.starts_at), micros(said.ends_at), plan=said.plan_key)


def _extended(state: State, fact: Fact) -> None:
    """Only a trial of our own: Stripe moves the end of its own."""
    said = own.TrialExtended.model_validate_json(payload_of(fact))
    trial = state.trial
    if trial.status in ("active", "expired") and trial.subscription is None:
        state.trial = replace(trial, status="active", ends_at=micros(said.ends_at))


def _expired(state: State, fact: Fact) -> None:
    """Only the end that was meant: one moved since has another. Ended by hand, it ended then."""
    said = own.TrialExpired.model_validate_json(payload_of(fact))
    trial = state.trial
    if trial.status != "active" or trial.ends_at != micros(said.ends_at):
        return
    ended_at = trial.ends_at if trial.subscription is not None else min(trial.ends_at, fact.at)
    state.trial = replace(trial, status="expired", ends_at=ended_at)


def _granted(state: State, fact: Fact) -> None:
    said = own.EntitlementGranted.model_validate_json(payload_of(fact))
    state.grant = Grant(said.plan_key, None if said.until is None else micros(said.until))


def _revoked(state: State, fact: Fact) -> None:
    state.grant = None


BODY_RULES: dict[type, Callable[[State, Fact], None]] = {
    Subscription: _snapshot,
    InvoicePaid: _paid,
    Checkout: _checkout,
}
RULES: dict[str, Callable[[State, Fact], None]] = {
    "plan.selected": _selected,
    "trial.started": _started,
    "trial.extended": _extended,
    "trial.expired": _expired,
    "entitlement.granted": _granted,
    "entitlement.revoked": _revoked,
}
