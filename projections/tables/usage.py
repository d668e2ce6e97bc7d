"""user_usage: the plan's limits, the usage, and when the month's counters reset."""

from contextlib import suppress
from datetime import datetime
from typing import Annotated, Any

from msgspec import Struct
from pydantic import ValidationError

from events.clock import from_micros, micros
from events.domain import platform
from events.domain import user as own
from projections.catalog import FREE, Catalog
from projections.facts import Fact
from projections.state import NO_LEGACY, State
from projections.stripe_objects import current_subscription
from projections.tables import subscriptions
from projections.tables.subscriptions import PlanSource, legacy_plan, plan_source, resolve
from projections.tables.table import Column, Table
from projections.tables.trials import trial_plan
from projections.tables.users import payload_of

LIMIT = "the plan in force while trialing, active or past_due, else free's; -1 is unlimited"
BIGINT_MAX = 9_223_372_036_854_775_807  # the columns' maximum
SERVED = frozenset({"trialing", "active", "past_due"})


class Counters(Struct, kw_only=True):
    """The columns that events decide."""

    usage_campaigns_current: Annotated[
        int, Column("campaigns created minus archived, plus what was recorded as usage")
    ]
    usage_creators_current_month: Annotated[int, Column("creators recorded since the last usage.reset")]
    enrichments_current_month: Annotated[int, Column("enrichments recorded since the last usage.reset")]
    usage_reset_date: Annotated[
        int, Column("the first instant of the month after the current period began, UTC", is_instant=True)
    ]


class Unpriced(Counters):
    """The row before the catalog turns the plan's source into limits."""

    plan: PlanSource


class Usage(Counters):
    """A row of user_usage."""

    plan_campaigns_limit: Annotated[int, Column(LIMIT, is_priced=True)]
    plan_creators_limit: Annotated[int, Column(LIMIT, is_priced=True)]
    plan_features: Annotated[
        dict[str, Any],  # Any: the platform's own JSON
        Column("the plan in force while trialing, active or past_due, else free's", is_priced=True),
    ]


def core(state: State) -> Unpriced:
    """The plan's source and the counters."""
    return Unpriced(
        plan=_plan_in_force(state),
        usage_campaigns_current=state.campaigns,
        usage_creators_current_month=state.creators,
        enrichments_current_month=state.enrichments,
        usage_reset_date=micros(next_reset(from_micros(period_of(state)))),
    )


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


def priced(row: Unpriced, catalog: Catalog) -> tuple[Usage, int]:
    """The row under a catalog, and when the catalog last changed it."""
    plan_key, _, mapped_at = resolve(row.plan, catalog)
    plan = catalog.plans.get(plan_key) or catalog.plans.get(FREE)
    usage = Usage(
        plan_campaigns_limit=plan.campaigns_limit if plan else 0,
        plan_creators_limit=plan.creators_limit if plan else 0,
        plan_features=plan.features if plan else {},
        usage_campaigns_current=row.usage_campaigns_current,
        usage_creators_current_month=row.usage_creators_current_month,
        enrichments_current_month=row.enrichments_current_month,
        usage_reset_date=row.usage_reset_date,
    )
    return usage, max(mapped_at, plan.limits_changed_at) if plan else 0


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
    setattr(state, payload.metric, min(getattr(state, payload.metric) + payload.quantity, BIGINT_MAX))


def _results(state: State, fact: Fact) -> None:
    """An unreadable count stops its job, whose row names the event; it must not stop the user's billing."""
    with suppress(ValidationError):
        payload = platform.JobResultsRecorded.model_validate_json(payload_of(fact))
        begin_month(state, month_of(from_micros(fact.at)))
        state.creators = min(state.creators + payload.count, BIGINT_MAX)


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


TABLE = Table(
    "user_usage",
    Usage,
    core,
    rules={
        "usage.recorded": _recorded,
        "usage.reset": _reset,
        "job.results_recorded": _results,
        "campaign.created": _campaign_created,
        "campaign.archived": _campaign_archived,
    },
    reads=(*subscriptions.TABLE.body_rules, *subscriptions.TABLE.rules),
    stored=Unpriced,
    priced=priced,
    keeps_cell_times=True,
)
