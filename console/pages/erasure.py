"""Erase a person: first a dry run, then the erasure."""

from flask import Blueprint, flash, redirect, render_template, url_for
from psycopg import errors
from werkzeug.wrappers import Response

from console.access import actor, noted, operator_only
from console.deps import decision_now, deps, now
from console.errors import FormRefused, bad_input, not_found, sentence
from console.inputs import field, reason_field
from console.path_ids import key
from events.statements import AnyConnection
from handlers.privacy import (
    ErasurePlan,
    ErasureRefused,
    ErasureResult,
    PersonUnknown,
    erase_person,
    plan_erasure,
)

erasure = Blueprint("erasure", __name__, url_prefix="/<user_id>/erase")

SHOWN = 200
TOO_LONG = "Searching the whole log takes longer than a page may: tenure privacy erase does it at leisure."


@erasure.get("")
@operator_only
def show(user_id: str) -> str:
    """A dry run: it changes nothing."""
    return _page(key(user_id, "user"))


@erasure.post("")
@operator_only
def erase(user_id: str) -> Response | tuple[str, int]:
    """Erase all that exists now, whatever the dry run listed; the same form again erases nothing."""
    user_id = key(user_id, "user")
    try:
        typed, reason, seen = field("user_id"), reason_field(), field("erasures", most=9)
        if typed != user_id:
            raise bad_input("User id: expected the one on this page, found another. Nothing was erased.")
        done = _erase(user_id, reason, seen=seen)
    except FormRefused as refused:
        if refused.status not in (400, 409):
            raise
        return _page(user_id, problem=refused.detail), refused.status
    if done.event is None:
        flash("Nothing was left to erase.")
    else:
        follow = "" if done.is_projected else " The tables follow."
        flash(f"Erased for good: {done.events} payload{'' if done.events == 1 else 's'}.{follow}")
    return redirect(url_for("console.users.show", user_id=user_id), 303)


def _erase(user_id: str, reason: str, *, seen: str) -> ErasureResult:
    with deps().pool.connection() as conn:
        try:
            plan = _plan(conn, user_id)
            if str(plan.erasures) != seen:
                return ErasureResult(None)
            return erase_person(conn, plan, now=decision_now(), actor=actor(), reason=reason)
        except ErasureRefused as refused:
            conn.rollback()
            raise FormRefused(409, "Nothing was erased", sentence(refused)) from None


def _plan(conn: AnyConnection, user_id: str) -> ErasurePlan:
    try:
        return plan_erasure(conn, user_id)
    except PersonUnknown:
        raise not_found("user") from None
    except errors.QueryCanceled:
        raise FormRefused(503, "The log is too long for this page", TOO_LONG) from None


def _page(user_id: str, problem: str | None = None) -> str:
    with deps().pool.connection() as conn:
        plan = _plan(conn, user_id)
        noted(conn, subjects=[user_id], fields=["events"])
    going = [*plan.events, *plan.mentions]
    return render_template(
        "console/erase.html",
        plan=plan, going=going[:SHOWN], more=max(0, len(going) - SHOWN), problem=problem, now=now(),
    )  # fmt: skip
