"""A user's plan, limits and usage at one instant, and why."""

from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any, Literal

import msgspec

from events.clock import from_micros, micros
from events.statements import AnyConnection
from projections.catalog import UNLIMITED, Catalog
from projections.state import State
from projections.stripe_objects import current_subscription
from projections.tables import usage
from projections.tables.subscriptions import resolve
from projections.tables.trials import trial_plan
from queries.history_at import past_state
from queries.provenance import event_behind
from queries.stored_fold import stored_fold

Metric = Literal["campaigns", "creators", "enrichments"]
Source = Literal["grant", "subscription", "legacy", "own_trial", "free"]

METRICS: tuple[Metric, ...] = ("campaigns", "creators", "enrichments")
ENRICHMENTS_LIMIT = "enrichments_limit"
"""The key of `plan_features` that limits enrichments; a plan without it sets no limit."""


@dataclass(frozen=True, slots=True)
class Allowance:
    """Limit and usage of one metric. None is unlimited."""

    limit: int | None
    used: int
    remaining: int | None

    def after(self, quantity: int) -> "Allowance":
        """The allowance after `quantity` more is used."""
        return allowance(self.limit, self.used + quantity)


@dataclass(frozen=True, slots=True)
class PlanInForce:
    """The plan and limits in force for a user at one instant."""

    plan: str
    source: Source
    subscription_status: str
    until: datetime | None
    allowances: dict[Metric, Allowance]
    features: dict[str, Any]  # Any: the platform's own JSON
    resets_at: datetime


def standing(state: State, catalog: Catalog, at: datetime) -> PlanInForce:
    """The plan in force at an instant, even if the scheduler has not yet appended what ended by then."""
    now = lapsed(state, at)
    unpriced = usage.core(now)
    row, _ = usage.priced(unpriced, catalog)
    current = current_subscription(now)
    source = _source(now)
    limits = {
        "campaigns": _limit(row.plan_campaigns_limit),
        "creators": _limit(row.plan_creators_limit),
        "enrichments": _limit(row.plan_features.get(ENRICHMENTS_LIMIT, UNLIMITED)),
    }
    return PlanInForce(
        plan=resolve(unpriced.plan, catalog)[0],
        source=source,
        subscription_status=current.status if current else "none",
        until=_until(now, source),
        allowances={metric: allowance(limits[metric], getattr(now, metric)) for metric in METRICS},
        features=row.plan_features,
        resets_at=from_micros(row.usage_reset_date),
    )


def lapsed(state: State, at: datetime) -> State:
    """The state after the events that the scheduler appends for what ended by `at`."""
    now, moment = state.copy(), micros(at)
    if now.grant is not None and now.grant.until is not None and now.grant.until <= moment:
        now.grant = None
    trial = now.trial
    if trial.status == "active" and trial.subscription is None and (trial.ends_at or 0) <= moment:
        now.trial = msgspec.structs.replace(trial, status="expired")
    if reset_due(state, at):
        now.creators = now.enrichments = 0
        now.period_starts_at = micros(usage.month_of(at))
    return now


def reset_due(state: State, at: datetime) -> bool:
    """Whether the month of the counters has ended."""
    return micros(at) >= micros(usage.next_reset(from_micros(usage.period_of(state))))


def allowance(limit: int | None, used: int) -> Allowance:
    """The allowance; the remainder is never negative, even after a change to a smaller plan."""
    return Allowance(limit, used, None if limit is None else max(0, limit - used))


def entitlements(
    conn: AnyConnection,
    user_id: str,
    *,
    now: datetime,
    as_of: datetime | None = None,
    known_at: datetime | None = None,
) -> dict[str, Any] | None:  # Any: JSON values and instants
    """The entitlements at `as_of` as known at `known_at`; each defaults to the present.

    None for an unknown user.
    """
    if as_of is None and known_at is None:
        return _entitlements_now(conn, user_id, now)
    past = past_state(conn, user_id, as_of=as_of, known_at=known_at)
    state = past.state()
    if state is None:
        return None
    at = as_of or known_at or now
    then = standing(state, past.catalog(), at)
    event_id = event_behind(conn, lapsed(state, at), then.source, as_of=as_of, known_at=known_at)
    return _as_json(user_id, then, event_id, state)


def _entitlements_now(conn: AnyConnection, user_id: str, now: datetime) -> dict[str, Any] | None:
    # Any: JSON values and instants
    stored = stored_fold(conn, user_id)
    if stored is None:
        return None
    state, catalog = stored
    at_present = standing(state, catalog, now)
    return _as_json(user_id, at_present, event_behind(conn, lapsed(state, now), at_present.source), state)


def _as_json(user_id: str, in_force: PlanInForce, event_id: str | None, state: State) -> dict[str, Any]:
    # Any: JSON values and instants
    return {
        "user_id": user_id,
        **allowances_json(in_force.allowances),
        "features": in_force.features,
        "resets_at": in_force.resets_at,
        "stale": state.poison is not None,
        "why": {
            "plan": in_force.plan,
            "source": in_force.source,
            "subscription_status": in_force.subscription_status,
            "until": in_force.until,
            "event_id": event_id,
        },
    }


def allowances_json(allowances: dict[Metric, Allowance]) -> dict[str, dict[str, int | None]]:
    """`limits`, `used` and `remaining` by metric; null is unlimited."""
    by_metric = {metric: asdict(amounts) for metric, amounts in allowances.items()}
    return {
        plural: {metric: amounts[name] for metric, amounts in by_metric.items()}
        for plural, name in (("limits", "limit"), ("used", "used"), ("remaining", "remaining"))
    }


def _source(now: State) -> Source:
    current = current_subscription(now)
    if now.grant is not None:
        return "grant"
    if current is not None and current.status in usage.SERVED:
        return "subscription"
    if current is None and usage.serves_legacy(now):
        return "legacy"
    return "own_trial" if trial_plan(now) is not None else "free"


def _until(now: State, source: Source) -> datetime | None:
    """The known end of a grant or of the service's own trial."""
    ends_at = None
    if source == "grant" and now.grant is not None:
        ends_at = now.grant.until
    elif source == "own_trial":
        ends_at = now.trial.ends_at
    return None if ends_at is None else from_micros(ends_at)


def _limit(value: object) -> int | None:
    """None for -1 and for values that are not whole numbers: such a plan sets no limit."""
    if not isinstance(value, int) or isinstance(value, bool) or value < 0:
        return None
    return value
