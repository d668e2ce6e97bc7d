"""user_subscriptions: the plan, the subscription that determines it, and the trial."""

from collections.abc import Callable

from events.clock import micros
from events.domain import user as own
from projections.catalog import FREE, Catalog
from projections.facts import Checkout, Fact, PlanHint, SubscriptionFact
from projections.state import NO_LEGACY, Core, Grant, Legacy, State
from projections.stripe_objects import TERMINAL, current_subscription, hints_of
from projections.tables import trials
from projections.tables.trials import trial_dates, trial_plan
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
NOT_RENEWING = TERMINAL | {"paused"}


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


# A plan key, or the fields of each PlanHint to try; a flat list of one hint, as older code stored it.
PlanSource = str | list[list[str | None]] | list[str | None]


def plan_source(state: State, current: SubscriptionFact | None) -> PlanSource:
    """Where the plan comes from: an operator's grant, else Stripe, else the imported plan before Stripe's
    first event, else the service's own trial."""
    if state.grant is not None:
        return state.grant.plan
    if current is not None and current.status in PAYING_OR_LATE:
        return [[hint.price_id, hint.lookup_key, hint.metadata_plan] for hint in hints_of(state, current)]
    if current is None and (before := legacy_plan(state)) is not None:
        return before
    return trial_plan(state) or FREE


def legacy_plan(state: State) -> str | None:
    """The plan that the user had before the log began, until an event shows a subscription.

    None for a user in the service's own trial: the trial gives the plan, so that it ends.
    """
    legacy: Legacy = state.legacy or NO_LEGACY
    if legacy.subscription_status not in PAYING_OR_LATE:
        return None
    is_own_trial = legacy.subscription_status == "trialing" and legacy.stripe_subscription_id is None
    return None if is_own_trial else legacy.current_plan


def hints_in(source: PlanSource) -> list[PlanHint]:
    """The hints of a plan source that is not a plan key."""
    return [PlanHint(*fields) for fields in source if isinstance(fields, list)] or [PlanHint(*source[:3])]


def resolve(source: PlanSource, catalog: Catalog) -> tuple[str, bool, int]:
    """(plan key, whether every price was unknown, when the catalog last decided that)."""
    if isinstance(source, str):
        return source, False, 0
    first = catalog.first_known(hints_in(source))
    if first is None:
        return FREE, True, 0
    hint, plan = first
    return plan, False, catalog.mapped_at(hint, plan)


def finished(cells: Core, catalog: Catalog) -> tuple[Core, int]:
    """The row under a catalog, and when the catalog last changed it."""
    plan, unknown, mapped_at = resolve(cells[0], catalog)
    return [plan, *cells[1:-1], "error" if unknown else cells[-1]], mapped_at


def _cancel_date(current: SubscriptionFact | None) -> int | None:
    if current is None:
        return None
    if current.status in TERMINAL:
        return _instant(current.ended_at or current.canceled_at)
    return _instant(current.cancel_at or (current.period_ends if current.cancel_at_period_end else None))


def _renewal_date(current: SubscriptionFact | None) -> int | None:
    """Null when it will not renew: ended, paused, or ending by the end of this period."""
    if (
        current is None
        or current.status in NOT_RENEWING
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
    if not state.has_stripe_fact:
        return "pending"
    return "stale" if any(_has(state, object_id) for object_id in state.ahead) else "synced"


def _has(state: State, object_id: str) -> bool:
    """Whether the user still has the object: a link may have been removed since the comparison."""
    return any(
        object_id in objects for objects in (state.subscriptions, state.customers, state.payment_methods)
    )


def _instant(seconds: int | None) -> int | None:
    return None if seconds is None else seconds * 1_000_000


def _checkout(state: State, fact: Fact) -> None:
    assert isinstance(fact.body, Checkout)
    if fact.body.plan is not None:
        state.intended_plan = fact.body.plan


def _selected(state: State, fact: Fact) -> None:
    state.intended_plan = own.PlanSelected.model_validate_json(payload_of(fact)).plan_key


def _granted(state: State, fact: Fact) -> None:
    payload = own.EntitlementGranted.model_validate_json(payload_of(fact))
    state.grant = Grant(payload.plan_key, None if payload.until is None else micros(payload.until))


def _revoked(state: State, fact: Fact) -> None:
    state.grant = None


def _drift_observed(state: State, fact: Fact) -> None:
    state.ahead = own.DriftObserved.model_validate_json(payload_of(fact)).object_ids


BODY_RULES: dict[type, Callable[[State, Fact], None]] = {
    **trials.BODY_RULES,
    Checkout: _checkout,
}
RULES: dict[str, Callable[[State, Fact], None]] = {
    "plan.selected": _selected,
    **trials.RULES,
    "entitlement.granted": _granted,
    "entitlement.revoked": _revoked,
    "billing.drift_observed": _drift_observed,
}
