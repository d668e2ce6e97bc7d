"""user_subscriptions: the plan, the subscription that determines it, and the trial."""

from typing import Annotated

from msgspec import Struct

from events.clock import micros
from events.domain import user as own
from projections.catalog import FREE, Catalog
from projections.facts import Fact
from projections.shapes.checkout import Checkout
from projections.shapes.subscription import PlanHint, SubscriptionFact
from projections.state import NO_LEGACY, Grant, Legacy, State
from projections.stripe_objects import TERMINAL, current_subscription, hints_of
from projections.tables import trials
from projections.tables.table import Column, Table
from projections.tables.trials import trial_dates, trial_plan
from projections.tables.users import payload_of

PAYING_OR_LATE = frozenset({"trialing", "active", "past_due", "unpaid", "paused"})
NOT_RENEWING = TERMINAL | {"paused"}


# A plan key, or the fields of each PlanHint to try; a flat list of one hint, as older code stored it.
PlanSource = str | list[list[str | None]] | list[str | None]


class Subscription(Struct):
    """A row of user_subscriptions; before the catalog resolves it, `current_plan` is the plan's source."""

    current_plan: Annotated[
        PlanSource,
        Column(
            "an operator's grant, else the plan of the current subscription's first item with a known "
            "price, as that price meant it when the subscription first had it, while trialing, active, "
            "past_due, unpaid or paused, else the plan of the service's own running trial, else free",
            is_priced=True,
        ),
    ] = FREE
    intended_plan: Annotated[
        str | None, Column("the last plan.selected, or metadata of a Checkout session that was completed")
    ] = None
    subscription_status: Annotated[
        str,
        Column(
            "the status in the latest snapshot of the current subscription: the one with the highest status, "
            "then the latest created"
        ),
    ] = "none"
    trial_status: Annotated[
        str,
        Column(
            "pending, active while a trial or a trial offer runs, converted at the first payment for its "
            "subscription or active status after it began, expired when it was lost without one; a "
            "conversion is undone only if the first charge fails"
        ),
    ] = "pending"
    trial_start_date: Annotated[
        int | None,
        Column(
            "the current subscription's trial_start, else the start of the service's own trial",
            is_instant=True,
        ),
    ] = None
    trial_end_date: Annotated[
        int | None,
        Column(
            "the current subscription's trial_end, else the end of the service's own trial", is_instant=True
        ),
    ] = None
    trial_conversion_date: Annotated[
        int | None,
        Column(
            "when the first event after the trial began showed a payment for its subscription, other than a "
            "set-up fee, or the status active",
            is_instant=True,
        ),
    ] = None
    subscription_cancel_date: Annotated[
        int | None,
        Column(
            "ended_at or canceled_at once ended, else cancel_at, else the period's end when it is to "
            "cancel then",
            is_instant=True,
        ),
    ] = None
    subscription_renewal_date: Annotated[
        int | None, Column("the current period's end; null when paused or not to renew", is_instant=True)
    ] = None
    billing_sync_status: Annotated[
        str,
        Column(
            "pending before any Stripe event, then synced; stale while a reconciliation saw Stripe ahead "
            "of the log; error for an unknown price or a history that stops",
            is_priced=True,
        ),
    ] = "pending"


def core(state: State) -> Subscription:
    """The row's columns; the plan is its source, for the catalog to resolve."""
    current = current_subscription(state)
    starts_at, ends_at = trial_dates(state, current)
    legacy = state.legacy or NO_LEGACY
    return Subscription(
        current_plan=plan_source(state, current),
        intended_plan=state.intended_plan or legacy.intended_plan,
        subscription_status=current.status if current else legacy.subscription_status or "none",
        trial_status=state.trial.status,
        trial_start_date=starts_at,
        trial_end_date=ends_at,
        trial_conversion_date=state.trial.converted_at,
        subscription_cancel_date=_cancel_date(current) if current else legacy.subscription_cancel_date,
        subscription_renewal_date=_renewal_date(current) if current else legacy.subscription_renewal_date,
        billing_sync_status=_sync_status(state),
    )


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


def priced(row: Subscription, catalog: Catalog) -> tuple[Subscription, int]:
    """The row under a catalog, and when the catalog last changed it."""
    plan, unknown, mapped_at = resolve(row.current_plan, catalog)
    status = "error" if unknown else row.billing_sync_status
    row.current_plan, row.billing_sync_status = plan, status
    return row, mapped_at


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


TABLE = Table(
    "user_subscriptions",
    Subscription,
    core,
    rules={
        "plan.selected": _selected,
        **trials.RULES,
        "entitlement.granted": _granted,
        "entitlement.revoked": _revoked,
        "billing.drift_observed": _drift_observed,
    },
    body_rules={**trials.BODY_RULES, Checkout: _checkout},
    priced=priced,
)
