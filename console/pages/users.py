"""Users: search, the five tables at any instant, the timeline, and the reason for each value."""

from dataclasses import replace

from flask import Blueprint, redirect, render_template, url_for
from werkzeug.wrappers import Response

from console.access import noted
from console.deps import deps, now
from console.errors import not_found
from console.inputs import LIMIT, choice, instant, text
from console.pages.erasure import erasure
from console.pages.user_actions import actions
from console.path_ids import key
from console.person import person_page
from queries.errors import UnknownColumn
from queries.explain import explain
from queries.instants import refuse_future
from queries.users import UserFilter, list_users

users = Blueprint("users", __name__, url_prefix="/users")
users.register_blueprint(actions)
users.register_blueprint(erasure)

STATUSES = (
    "none", "active", "trialing", "past_due", "unpaid", "paused", "incomplete", "canceled",
    "incomplete_expired",
)  # fmt: skip
TRIALS = ("pending", "active", "converted", "expired")
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
    """A page of users. Anything but an address or a customer goes to the search."""
    where = UserFilter(
        subscription_status=choice("subscription_status", STATUSES),
        trial_status=choice("trial_status", TRIALS),
    )
    query = text("q")
    if query is not None and query.startswith("cus_"):
        where = replace(where, stripe_customer_id=query)
    elif query is not None and "@" in query:
        where = replace(where, email=query)
    elif query is not None:
        return redirect(url_for("console.find.show", q=query), 303)
    with deps().pool.connection() as conn:
        page = list_users(conn, where, limit=LIMIT, after=text("after"))
        noted(conn, subjects=[row["user_id"] for row in page.items], fields=LISTED)
    return render_template(
        "console/users.html",
        page=page,
        query=query,
        where=where,
        statuses=STATUSES,
        trials=TRIALS,
        now=now(),
    )


@users.get("/<user_id>")
def show(user_id: str) -> str:
    """One user, at the requested instants, by default the present."""
    return person_page(key(user_id, "user"), as_of=instant("as_of"), known_at=instant("known_at"))


@users.get("/<user_id>/explain/<column>")
def show_why(user_id: str, column: str) -> str:
    """The event and rule that set a column's value, and those of its earlier values."""
    user_id = key(user_id, "user")
    as_of, known_at = instant("as_of"), instant("known_at")
    refuse_future(now(), as_of=as_of, known_at=known_at)
    app_deps = deps()
    with app_deps.pool.connection() as conn:
        try:
            explanation = explain(conn, user_id, column, as_of=as_of, known_at=known_at)
        except UnknownColumn:
            raise not_found("column") from None
        if explanation is None:
            raise not_found("user at that instant")
        noted(conn, subjects=[user_id], fields=[column])
    return render_template(
        "console/why.html", user_id=user_id, why=explanation, as_of=as_of, known_at=known_at, now=now()
    )
