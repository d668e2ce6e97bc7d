"""Plans that operators give, and take back."""

from datetime import datetime
from typing import Any

from events.clock import micros
from events.own.user import EntitlementGranted, EntitlementRevoked
from handlers.decision import Command, Decided, Verdict, decide, refuse_unfit
from handlers.errors import AlreadySo, NothingToUndo, PlanUnknown, UnusableInstant
from projections.catalog import Catalog
from projections.log import AnyConnection
from projections.state import Grant, State
from queries.entitlements import lapsed
from queries.instants import iso


def grant_plan(
    conn: AnyConnection,
    command: Command,
    plan_key: str,
    *,
    until: datetime | None = None,
    live_only: bool = False,
) -> Decided:
    """The plan is in force from now until that instant, for ever without one; it goes before a subscription.

    Raises: AlreadySo, PlanUnknown, UnusableInstant, UserDeleted, UserQuarantined, and as `decide`.
    """
    return decide(
        conn,
        command,
        lambda state, catalog, now: grant(state, catalog, now, plan_key=plan_key, until=until),
        live_only=live_only,
    )


def revoke_plan(conn: AnyConnection, command: Command, *, live_only: bool = False) -> Decided:
    """What was granted is not in force any more. Raises: NothingToUndo, and as `decide`."""
    return decide(conn, command, lambda state, _, now: revoke(state, now), live_only=live_only)


def grant(state: State, catalog: Catalog, now: datetime, *, plan_key: str, until: datetime | None) -> Verdict:
    """The verdict on a grant; one given before is replaced."""
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
    if not catalog.plans[plan_key].is_active:
        answer["warning"] = (
            f"{plan_key} is retired: it is sold to nobody any more, and in force for this user"
        )
    if state.grant == Grant(plan_key, None if until is None else micros(until)):
        raise AlreadySo(answer)
    return Verdict(EntitlementGranted(plan_key=plan_key, until=until), answer)


def revoke(state: State, now: datetime) -> Verdict:
    """The verdict on taking it back."""
    held = lapsed(state, now).grant
    if held is None:
        raise NothingToUndo("expected a plan that was granted, found none in force; nothing was changed")
    answer = {"user_id": state.user_id, "plan": None, "until": None, "replaced": held.plan}
    return Verdict(EntitlementRevoked(), answer)
