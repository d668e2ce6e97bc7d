"""user_usage: what the plan allows, what was used, and when the month's counters begin again."""

from collections.abc import Callable
from contextlib import suppress
from datetime import datetime

from pydantic import ValidationError

from events.clock import from_micros, micros
from events.own import platform
from events.own import user as own
from projections.catalog import FREE, Catalog
from projections.facts import Fact
from projections.state import NO_LEGACY, Core, State
from projections.stripe_objects import current_subscription
from projections.tables.subscriptions import legacy_plan, plan_source, resolve, trial_plan
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
SERVED = frozenset({"trialing", "active", "past_due"})


def core(state: State) -> Core:
    """The row's columns; the first is the plan's source, for the catalog to turn into limits."""
    return [
        _plan_in_force(state),
        state.campaigns,
        state.creators,
        state.enrichments,
        micros(next_reset(from_micros(max(state.first_at, state.period_starts_at or state.first_at)))),
    ]


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


def _plan_in_force(state: State) -> str | list[str | None]:
    """A subscription serves while trialing, active or past due; unpaid and paused have the free plan."""
    current = current_subscription(state)
    status = current.status if current else (state.legacy or NO_LEGACY).subscription_status
    if state.grant is None and status is not None and status not in SERVED:
        return trial_plan(state) or FREE
    return plan_source(state, current)


def serves_legacy(state: State) -> bool:
    """Whether the plan in force is one somebody had before the log began."""
    served = (state.legacy or NO_LEGACY).subscription_status in SERVED
    return served and legacy_plan(state) is not None


def _recorded(state: State, fact: Fact) -> None:
    said = own.UsageRecorded.model_validate_json(payload_of(fact))
    setattr(state, said.metric, getattr(state, said.metric) + said.quantity)


def _results(state: State, fact: Fact) -> None:
    """A count that can't be read stops its job, which says so; it must not stop the user's billing."""
    with suppress(ValidationError):
        state.creators += platform.JobResultsRecorded.model_validate_json(payload_of(fact)).count


def _reset(state: State, fact: Fact) -> None:
    """Campaigns are not the month's: they stay."""
    state.creators = state.enrichments = 0
    starts_at = micros(own.UsageReset.model_validate_json(payload_of(fact)).period_starts_at)
    state.period_starts_at = max(starts_at, state.period_starts_at or starts_at)


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
