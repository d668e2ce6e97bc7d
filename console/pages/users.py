"""Users: finding one, their five tables at any instant, their life, and why a value is what it is."""

from dataclasses import replace
from datetime import datetime

from flask import Blueprint, redirect, render_template, url_for
from werkzeug.wrappers import Response

from console.access import noted
from console.deps import deps, now
from console.errors import not_found
from console.inputs import LIMIT, choice, instant, text
from console.keys import key
from console.life import life
from events.clock import from_micros
from queries import profile as profiles
from queries.entitlements import METRICS, entitlements
from queries.errors import UnknownColumn
from queries.explain import explain
from queries.history import Json, as_entry
from queries.lives import Lived, lived
from queries.rows import AnyConnection
from queries.users import UserFilter, list_users

users = Blueprint("users", __name__, url_prefix="/users")

STATUSES = (
    "none", "active", "trialing", "past_due", "unpaid", "paused", "incomplete", "canceled",
    "incomplete_expired",
)  # fmt: skip
TRIALS = ("pending", "active", "converted", "expired")
TABLES = {
    "users": profiles.IDENTITY,
    "user_subscriptions": profiles.SUBSCRIPTION,
    "user_billing": profiles.BILLING,
    "user_usage": profiles.USAGE,
    "user_system_data": profiles.SYSTEM,
}
EACH_TIME = frozenset({"last_webhook_event", "last_webhook_timestamp"})
HISTORY_SHOWN = 100
UNEXPLAINED = frozenset({"id", "user_id", "created_at", "updated_at"})
LISTED = (
    "user_id",
    "email",
    "full_name",
    "current_plan",
    "subscription_status",
    "trial_status",
    "trial_end_date",
)


@users.get("")
def show_all() -> str | Response:
    """A page of users. An exact id leads straight to its user."""
    wanted = UserFilter(
        subscription_status=choice("subscription_status", STATUSES),
        trial_status=choice("trial_status", TRIALS),
    )
    asked = text("q")
    if asked is not None and asked.startswith("cus_"):
        wanted = replace(wanted, stripe_customer_id=asked)
    elif asked is not None and "@" in asked:
        wanted = replace(wanted, email=asked)
    elif asked is not None:
        return redirect(url_for("console.users.show", user_id=asked), 303)
    with deps().pool.connection() as conn:
        page = list_users(conn, wanted, limit=LIMIT, after=text("after"))
        noted(conn, subjects=[each["user_id"] for each in page.items], fields=LISTED)
    return render_template(
        "console/users.html",
        page=page,
        asked=asked,
        wanted=wanted,
        statuses=STATUSES,
        trials=TRIALS,
        now=now(),
    )


@users.get("/<user_id>")
def show(user_id: str) -> str:
    """One user, at the instants asked for, the present unless they say otherwise."""
    user_id = key(user_id, "user")
    as_of, known_at = instant("as_of"), instant("known_at")
    held, at = deps(), now()
    with held.pool.connection() as conn:
        found = lived(conn, user_id, as_of=as_of, known_at=known_at, live_only=held.live_only)
        if found is None and known_at is not None:
            found = _unheard_of(conn, user_id)
        if found is None:
            raise not_found("user")
        allowed = entitlements(
            conn, user_id, now=at, as_of=as_of, known_at=known_at, live_only=held.live_only
        ) if found.profile else None  # fmt: skip
        noted(conn, subjects=[user_id], fields=[*profiles.COLUMNS, "history"])
    latest_first = list(reversed(found.steps))
    shown = latest_first if text("all") else latest_first[:HISTORY_SHOWN]
    return render_template(
        "console/user.html",
        user_id=user_id,
        found=found,
        tables=TABLES,
        unexplained=UNEXPLAINED,
        picture=life(found.whole, until=at, asked=as_of),
        history=[_quieted(as_entry(step)) for step in shown],
        more=len(found.steps) - len(shown),
        allowed=allowed,
        metrics=METRICS,
        as_of=as_of,
        known_at=known_at,
        known_from=_first_heard(found),
        now=at,
    )


@users.get("/<user_id>/explain/<column>")
def show_why(user_id: str, column: str) -> str:
    """Which event and rule gave a column its value, and which gave it the values before."""
    user_id = key(user_id, "user")
    as_of, known_at = instant("as_of"), instant("known_at")
    held = deps()
    with held.pool.connection() as conn:
        try:
            found = explain(conn, user_id, column, as_of=as_of, known_at=known_at, live_only=held.live_only)
        except UnknownColumn:
            raise not_found("column") from None
        if found is None:
            raise not_found("user at that instant")
        noted(conn, subjects=[user_id], fields=[column])
    return render_template(
        "console/why.html", user_id=user_id, why=found, as_of=as_of, known_at=known_at, now=now()
    )


def _quieted(entry: Json) -> Json:
    """Without the two columns that every provider event sets: they would hide the others."""
    changes = [change for change in entry["changes"] if change["column"] not in EACH_TIME]
    return entry | {"changes": changes}


def _unheard_of(conn: AnyConnection, user_id: str) -> Lived | None:
    """Somebody known today of whom nothing was known then: an empty page, no wrong address."""
    today = lived(conn, user_id, live_only=deps().live_only)
    return None if today is None else Lived(None, [], today.whole)


def _first_heard(found: Lived) -> datetime:
    return from_micros(min(step.entry.recorded for step in found.whole))
