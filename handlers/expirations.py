"""Facts caused by the passing of time: each rule is pure, and each fact has its own idempotency key."""

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta

from events.clock import from_micros, later, micros
from events.domain.user import EntitlementRevoked, TrialEndingSoon, TrialExpired, UsageReset
from events.identifiers import key_part
from handlers.decision import DueFact
from projections.state import State
from projections.tables.usage import month_of
from queries.entitlements import reset_due
from queries.instants import iso

GRACE = timedelta(minutes=60)
WARNING_DAYS = (1, 3)
"""Days before a trial's end at which a warning is due, the most urgent first."""

Lapse = Callable[[State, datetime], Sequence[DueFact]]


def trial_over(state: State, now: datetime, *, grace: timedelta = GRACE) -> list[DueFact]:
    """The trial's end passed without a payment. Stripe's event about its own trials has a grace period."""
    trial = state.trial
    if trial.status != "active" or trial.ends_at is None:
        return []
    ends_at = from_micros(trial.ends_at)
    if now < (later(ends_at, grace) if trial.subscription is not None else ends_at):
        return []
    return [DueFact(f"trial.expired:{key_part(state.user_id)}:{iso(ends_at)}", TrialExpired(ends_at=ends_at))]


def own_trial_over(state: State, now: datetime) -> list[DueFact]:
    """As `trial_over`, for Tenure's own trials only: their end changes the plan in force."""
    return trial_over(state, now) if state.trial.subscription is None else []


def trial_ending(state: State, now: datetime) -> list[DueFact]:
    """The most urgent warning that is due. A warning that is too late to be true is omitted."""
    trial = state.trial
    if state.deleted_at is not None or trial.status != "active" or trial.ends_at is None:
        return []
    ends_at = from_micros(trial.ends_at)
    for days in WARNING_DAYS:
        due_at = ends_at - timedelta(days=days)
        if due_at <= now < ends_at and (trial.starts_at is None or trial.starts_at <= micros(due_at)):
            key = f"trial.ending_soon:{key_part(state.user_id)}:{iso(ends_at)}:{days}"
            return [DueFact(key, TrialEndingSoon(ends_at=ends_at, days=days))]
    return []


def month_over(state: State, now: datetime) -> list[DueFact]:
    """Reset the month's counters; once, however many months were missed."""
    if state.deleted_at is not None or not reset_due(state, now):
        return []
    begins = month_of(now)
    key = f"usage.reset:{key_part(state.user_id)}:{begins:%Y-%m}"
    return [DueFact(key, UsageReset(period_starts_at=begins))]


def grant_over(state: State, now: datetime) -> list[DueFact]:
    """The end of an operator's grant has passed."""
    if state.grant is None or state.grant.until is None or micros(now) < state.grant.until:
        return []
    key = f"entitlement.revoked:{key_part(state.user_id)}:{iso(from_micros(state.grant.until))}"
    return [DueFact(key, EntitlementRevoked())]


def all_over(state: State, now: datetime) -> list[DueFact]:
    """All facts that change what a user may do, in the order they are appended."""
    return [*grant_over(state, now), *own_trial_over(state, now), *month_over(state, now)]
