"""Plans that operators grant and revoke."""

from datetime import datetime
from math import inf
from typing import Any

from events.clock import micros
from events.domain.user import EntitlementGranted, EntitlementRevoked
from events.statements import AnyConnection
from handlers.decision import Command, Decided, Verdict, decide, refuse_quarantined, refuse_unfit
from handlers.errors import AlreadySo, NothingToUndo, PlanUnknown, UnusableInstant
from projections.catalog import Catalog
from projections.state import Grant, State
from queries.entitlements import METRICS, lapsed, standing
from queries.instants import iso


def grant_plan(
    conn: AnyConnection,
    command: Command,
    plan_key: str,
    *,
    until: datetime | None = None,
) -> Decided:
    """Grant a plan from now until that instant, or for good; a grant overrides a subscription.

    Raises: AlreadySo, PlanUnknown, UnusableInstant, UserDeleted, UserQuarantined, and as `decide`.
    """
    return decide(
        conn,
        command.requesting(plan_key=plan_key, until=until),
        lambda state, catalog, now: grant(state, catalog, now, plan_key=plan_key, until=until),
    )


def revoke_plan(conn: AnyConnection, command: Command) -> Decided:
    """Revoke the granted plan. Raises: NothingToUndo, UserQuarantined, and as `decide`."""
    return decide(
        conn, command.requesting(plan_key=None, until=None), lambda state, _, now: revoke(state, now)
    )


def grant(state: State, catalog: Catalog, now: datetime, *, plan_key: str, until: datetime | None) -> Verdict:
    """The verdict on a grant; it replaces an earlier grant."""
    refuse_unfit(state)
    if plan_key not in catalog.plans:
        raise PlanUnknown(plan_key, sorted(catalog.plans))
    if until is not None and until <= now:
        raise UnusableInstant(f"expected an end after now, found {iso(until)}")
    answer: dict[str, Any] = {  # Any: JSON values
        "user_id": state.user_id,
        "plan": plan_key,
        "until": None if until is None else iso(until),
        "replaced": state.grant.plan if state.grant else None,
    }
    granted = Grant(plan_key, None if until is None else micros(until))
    warnings = [
        *(_less(state, granted, catalog, now)),
        *(
            []
            if catalog.plans[plan_key].is_active
            else [f"{plan_key} is retired: it can't be bought any more"]
        ),
    ]
    if warnings:
        answer["warning"] = "; ".join(warnings)
    if state.grant == granted:
        raise AlreadySo(answer)
    return Verdict(EntitlementGranted(plan_key=plan_key, until=until), answer)


def _less(state: State, granted: Grant, catalog: Catalog, now: datetime) -> list[str]:
    """A warning if the user would have more without the grant, since a grant replaces the subscription."""
    without, with_grant = state.copy(), state.copy()
    without.grant, with_grant.grant = None, granted
    before, after = standing(without, catalog, now), standing(with_grant, catalog, now)
    limits = [(metric, after.allowances[metric].limit, before.allowances[metric].limit) for metric in METRICS]
    smaller = [
        f"{metric} {_shown(new)} instead of {_shown(old)}"
        for metric, new, old in limits
        if _size(new) < _size(old)
    ]
    if not smaller:
        return []
    origin = before.source.replace("_", " ")
    return [
        f"{granted.plan} gives less than {before.plan}, which the user has by {origin}: "
        f"{', '.join(smaller)}; undo the grant with: tenure plan revoke"
    ]


def _size(limit: int | None) -> float:
    return inf if limit is None else limit


def _shown(limit: int | None) -> str:
    return "unlimited" if limit is None else str(limit)


def revoke(state: State, now: datetime) -> Verdict:
    """The verdict on a revocation."""
    refuse_quarantined(state)
    current = lapsed(state, now).grant
    if current is None:
        raise NothingToUndo("expected a plan that was granted, found none in force; nothing was changed")
    answer = {"user_id": state.user_id, "plan": None, "until": None, "replaced": current.plan}
    return Verdict(EntitlementRevoked(), answer)
