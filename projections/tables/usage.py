"""user_usage: the plan's limits, the usage, and when the month's counters reset."""

from collections.abc import Callable
from contextlib import suppress
from datetime import datetime

from pydantic import ValidationError

from events.clock import from_micros, micros
from events.domain import platform
from events.domain import user as own
from projections.catalog import FREE, Catalog
from projections.facts import Fact
from projections.state import NO_LEGACY, Core, State
from projections.stripe_objects import current_subscription
from projections.tables.subscriptions import PlanSource, legacy_plan, plan_source, resolve
from projections.tables.trials import trial_plan
from projections.tables.users import payload_of

COLUMNS = (
    "plan_campaigns_limit",
    "plan_creators_limit",
    "plan_features",
    "usage_campaigns_current",
    "usage_creators_current_month",
    "enrichments_current_month",
    "usage_reset_date",
)
MOST = 9_223_372_036_854_775_807  # the columns' maximum
SERVED = frozenset({"trialing", "active", "past_due"})


def core(state: State) -> Core:
    """The row's columns; the first is the plan's source, for the catalog to turn into limits."""
    return [
        _plan_in_force(state),
        state.campaigns,
        state.creators,
        state.enrichments,
        micros(next_reset(from_micros(period_of(state)))),
    ]


def period_of(state: State) -> int:
    """An instant in the month of the counters: that of the last reset, or of later usage.

    The user's first event alone does not decide: a late one may be months old, and must not move this
    month's usage to that month.
    """
    return max(state.first_at, state.period_starts_at or state.first_at)


def month_of(at: datetime) -> datetime:
    """The first instant of the month, UTC."""
    return at.replace(day=1, hour=0, minute=0, second=0, microsecond=0)


def next_reset(after: datetime) -> datetime:
    """The first instant of the month after this one, UTC."""
    year, month = (after.year + 1, 1) if after.month == 12 else (after.year, after.month + 1)
    return datetime(min(year, 9999), month, 1, tzinfo=after.tzinfo)


def finished(cells: Core, catalog: Catalog) -> tuple[Core, int]:
    """The row under a catalog, and when the catalog last changed it."""
    plan_key, _, mapped_at = resolve(cells[0], catalog)
    plan = catalog.plans.get(plan_key) or catalog.plans.get(FREE)
    if plan is None:
        return [0, 0, {}, *cells[1:]], 0
    limits = [plan.campaigns_limit, plan.creators_limit, plan.features]
    return [*limits, *cells[1:]], max(mapped_at, plan.limits_changed_at)


def _plan_in_force(state: State) -> PlanSource:
    """A subscription counts while trialing, active or past due; unpaid and paused have the free plan."""
    current = current_subscription(state)
    status = current.status if current else (state.legacy or NO_LEGACY).subscription_status
    if state.grant is None and status is not None and status not in SERVED:
        return trial_plan(state) or FREE
    return plan_source(state, current)


def serves_legacy(state: State) -> bool:
    """Whether the plan in force is from before the log began."""
    served = (state.legacy or NO_LEGACY).subscription_status in SERVED
    return served and legacy_plan(state) is not None


def _recorded(state: State, fact: Fact) -> None:
    payload = own.UsageRecorded.model_validate_json(payload_of(fact))
    if payload.metric != "campaigns":
        begin_month(state, month_of(from_micros(fact.at)))
    setattr(state, payload.metric, min(getattr(state, payload.metric) + payload.quantity, MOST))


def _results(state: State, fact: Fact) -> None:
    """An unreadable count stops its job, whose row names the event; it must not stop the user's billing."""
    with suppress(ValidationError):
        payload = platform.JobResultsRecorded.model_validate_json(payload_of(fact))
        begin_month(state, month_of(from_micros(fact.at)))
        state.creators = min(state.creators + payload.count, MOST)


def _reset(state: State, fact: Fact) -> None:
    begin_month(state, own.UsageReset.model_validate_json(payload_of(fact)).period_starts_at)


def begin_month(state: State, starts_at: datetime) -> None:
    """Reset the counters when a later month begins, at its first reset or usage.

    A reset of the current month changes nothing. Campaigns are not counted per month and stay.
    """
    period = micros(month_of(from_micros(period_of(state))))
    if micros(starts_at) > period:
        state.creators = state.enrichments = 0
    state.period_starts_at = max(micros(starts_at), period)


def _campaign_created(state: State, fact: Fact) -> None:
    state.campaigns += 1


def _campaign_archived(state: State, fact: Fact) -> None:
    state.campaigns -= 1


RULES: dict[str, Callable[[State, Fact], None]] = {
    "usage.recorded": _recorded,
    "usage.reset": _reset,
    "job.results_recorded": _results,
    "campaign.created": _campaign_created,
    "campaign.archived": _campaign_archived,
}
