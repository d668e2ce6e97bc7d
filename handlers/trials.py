"""Tenure's own trials, without a card: operators start, extend and end them; Stripe's change at Stripe."""

from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import Any

from events.clock import from_micros, later
from events.domain.user import TrialExpired, TrialExtended, TrialStarted
from events.statements import AnyConnection
from handlers.configuration import configured
from handlers.decision import Command, Decided, Verdict, decide, refuse_quarantined, refuse_unfit
from handlers.errors import PlanUnknown, TrialRefused, UnusableInstant
from handlers.expirations import all_over
from projections.catalog import Catalog
from projections.state import NO_LEGACY, State
from projections.stripe_objects import current_subscription
from projections.tables.usage import SERVED
from queries.entitlements import lapsed
from queries.instants import iso

MAX_DAYS = 365
NO_PLAN = (
    "the trial has no plan of the catalog, so it gives nothing more: none was named (--plan, over HTTP "
    "plan_key) and the user has chosen none; it will once they choose one or an operator grants one "
    "(tenure plan grant)"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Length:
    """A trial's length: a number of days, or an end; neither means the default length."""

    days: int | None = None
    until: datetime | None = None

    def end(self, after: datetime, default_days: int) -> datetime:
        if self.until is not None:
            return self.until
        ends_at = later(after, timedelta(days=self.days if self.days is not None else default_days))
        # Whole seconds, so that any form can repeat the end; up, so that no trial gets shorter.
        return (
            ends_at
            if ends_at.microsecond == 0
            else later(ends_at.replace(microsecond=0), timedelta(seconds=1))
        )


def start_trial(
    conn: AnyConnection,
    command: Command,
    length: Length,
    *,
    plan_key: str | None = None,
) -> Decided:
    """Start a first trial now. Without a plan it uses the plan the user intends to take.

    Raises: TrialRefused, PlanUnknown, UnusableInstant, and as `decide`.
    """
    default_days = _default_days(conn)

    def rule(state: State, catalog: Catalog, now: datetime) -> Verdict:
        return start(state, catalog, now, ends_at=length.end(now, default_days), plan_key=plan_key)

    requested = command.requesting(action="start", plan_key=plan_key, **asdict(length))
    return decide(conn, requested, rule)


def extend_trial(
    conn: AnyConnection,
    command: Command,
    length: Length,
) -> Decided:
    """Extend the trial from its end, or from now if it is over; an earlier end undoes an extension,
    and the original end undoes `end_trial`.

    Raises: TrialRefused, UnusableInstant, and as `decide`.
    """
    default_days = _default_days(conn)

    def rule(state: State, _catalog: Catalog, now: datetime) -> Verdict:
        return extend(state, now, length, default_days)

    requested = command.requesting(action="extend", **asdict(length))
    return decide(conn, requested, rule)


def end_trial(conn: AnyConnection, command: Command) -> Decided:
    """End the trial now; this undoes a start.

    Raises: TrialRefused, UserQuarantined, and as `decide`.
    """
    return decide(conn, command.requesting(action="end"), lambda state, _, now: end(state, now))


def start_or_extend(
    conn: AnyConnection,
    command: Command,
    length: Length,
    *,
    plan_key: str | None = None,
) -> Decided:
    """Start a first trial, else extend the one there was. Raises: as both."""
    default_days = _default_days(conn)

    def rule(state: State, catalog: Catalog, now: datetime) -> Verdict:
        if state.trial.status == "pending":
            return start(state, catalog, now, ends_at=length.end(now, default_days), plan_key=plan_key)
        return extend(state, now, length, default_days)

    return decide(
        conn, command.requesting(action="start_or_extend", plan_key=plan_key, **asdict(length)), rule
    )


def _default_days(conn: AnyConnection) -> int:
    """The default length of a trial: `tenure config set trial.duration_days`."""
    return int(configured(conn, "trial", "duration_days"))


def start(
    state: State, catalog: Catalog, now: datetime, *, ends_at: datetime, plan_key: str | None
) -> Verdict:
    """The verdict on a start."""
    refuse_start(state)
    _refuse_plan(plan_key, catalog)
    _refuse_end(ends_at, now)
    # A plan left out is left out of the event as well.
    named = {} if plan_key is None else {"plan_key": plan_key}
    fact = TrialStarted(starts_at=now, ends_at=ends_at, **named)
    tried = plan_key or state.intended_plan or (state.legacy or NO_LEGACY).intended_plan
    answer = _answer(state, "started", ends_at) | {"plan": tried}
    if tried not in catalog.plans:
        answer["warning"] = NO_PLAN
    return Verdict(fact, answer, all_over(state, now))


def extend(state: State, now: datetime, length: Length, default_days: int) -> Verdict:
    """The verdict on an extension."""
    refuse_extension(state)
    was = from_micros(state.trial.ends_at or 0)
    ends_at = length.end(max(was, now), default_days)
    _refuse_end(ends_at, now)
    if ends_at == was:
        raise TrialRefused(f"the trial ends at {iso(was)} already; name another end")
    did = "extended" if ends_at > was else "shortened"
    answer = _answer(state, did, ends_at) | {"was": iso(was)}
    return Verdict(TrialExtended(ends_at=ends_at), answer, all_over(state, now))


def end(state: State, now: datetime) -> Verdict:
    """The verdict on an early end."""
    refuse_quarantined(state)
    _refuse_not_ours(state)
    if lapsed(state, now).trial.status != "active" or state.trial.ends_at is None:
        raise TrialRefused("expected a trial that runs, found one that is over; nothing was changed")
    was = from_micros(state.trial.ends_at)
    return Verdict(TrialExpired(ends_at=was), _answer(state, "ended", now) | {"was": iso(was)})


def _answer(state: State, did: str, ends_at: datetime) -> dict[str, Any]:  # Any: JSON values
    return {"user_id": state.user_id, "trial": did, "ends_at": iso(ends_at)}


def refuse_start(state: State) -> None:
    """Raises: UserDeleted, UserQuarantined, TrialRefused for a user who can't start a first trial."""
    refuse_unfit(state)
    current = current_subscription(state)
    if current is not None and current.status in SERVED:
        raise TrialRefused(
            f"expected a user without a subscription, found one {current.status} at Stripe; "
            "extend its trial there, or grant a plan"
        )
    if state.trial.status != "pending":
        raise TrialRefused(
            f"expected a user who had no trial yet, found one {state.trial.status}; extend it instead"
        )


def refuse_extension(state: State) -> None:
    """Raises: UserDeleted, UserQuarantined, TrialRefused for a user whose trial can't be extended here."""
    refuse_unfit(state)
    _refuse_not_ours(state)


def _refuse_not_ours(state: State) -> None:
    trial = state.trial
    if trial.status == "pending":
        raise TrialRefused("expected a user with a trial, found none; start one")
    if trial.status == "converted":
        raise TrialRefused("expected a trial that did not end in a payment, found one that did; grant a plan")
    if trial.subscription is not None:
        raise TrialRefused(f"the trial is Stripe's; move its end there, on {trial.subscription}")


def _refuse_plan(plan_key: str | None, catalog: Catalog) -> None:
    if plan_key is not None and plan_key not in catalog.plans:
        raise PlanUnknown(plan_key, sorted(catalog.plans))


def _refuse_end(ends_at: datetime, now: datetime) -> None:
    last = later(now, timedelta(days=MAX_DAYS))
    if not now < ends_at <= last:
        raise UnusableInstant(f"expected an end after now and by {iso(last)}, found {iso(ends_at)}")
