"""/api/users: profiles, changes to them, and the reasons for their values."""

from typing import Any

from flask import Blueprint, Response

from api.auth import noted, reason, requires
from api.decisions import command, decided
from api.deps import deps
from api.errors import RequestRefused, not_found
from api.models import (
    ChangedColumns,
    Explanation,
    History,
    HistoryQuestion,
    Profile,
    ProfileChange,
    ProfileQuestion,
    Users,
    UsersQuestion,
    WhyAnswer,
)
from api.openapi import documented
from api.replica import head_field, reading
from api.responses import answer
from handlers.profile import change_profile
from queries.errors import UnknownColumn
from queries.explain import explain
from queries.history import history_page
from queries.instants import refuse_future
from queries.profile import COLUMNS, profile
from queries.timetravel import profile_at
from queries.users import UserFilter, list_users
from queries.why import why

users = Blueprint("users", __name__, url_prefix="/api/users")

_TAGS = ("users",)


@users.get("/<key:user_id>")
@requires("service", "auditor")
@documented(query=ProfileQuestion, tags=_TAGS, HTTP_200=Profile, HTTP_404=None)
def show(user_id: str, query: ProfileQuestion) -> Response:
    """The flat profile of a user.

    `as_of` gives the profile at that instant, `known_at` as it was known at that instant.
    """
    with reading() as conn:
        if query.as_of is not None or query.known_at is not None:
            row = profile_at(conn, user_id, **_past(query))
        else:
            row = profile(conn, user_id)
        if row is None:
            raise not_found("user")
        noted(conn, subjects=[user_id], fields=COLUMNS)
    return answer(row)


@users.get("/<key:user_id>/why")
@requires("service", "auditor")
@documented(tags=_TAGS, HTTP_200=WhyAnswer, HTTP_404=None)
def show_why(user_id: str) -> Response:
    """The reasons for plan and status, in one paragraph; irregularities, and the next step."""
    with reading() as conn:
        reasons = why(conn, user_id, now=deps().clock())
        if reasons is None:
            raise not_found("user")
        noted(conn, subjects=[user_id], fields=["why", *COLUMNS])
    return answer(reasons)


@users.get("")
@requires("service", "auditor")
@documented(query=UsersQuestion, tags=_TAGS, HTTP_200=Users)
def show_all(query: UsersQuestion) -> Response:
    """Users by e-mail, customer or status, page by page."""
    where = UserFilter(**query.model_dump(exclude={"limit", "after"}))
    with reading() as conn:
        page = list_users(conn, where, limit=query.limit, after=query.after)
        noted(conn, subjects=[row["user_id"] for row in page.items], fields=COLUMNS)
    return answer({"items": page.items, "next": page.next, **head_field()})


@users.patch("/<key:user_id>")
@requires("service")
@documented(
    json=ProfileChange, tags=_TAGS, HTTP_200=ChangedColumns, HTTP_404=None, HTTP_409=None, HTTP_415=None
)
def change(user_id: str, json: ProfileChange) -> Response:
    """Change a profile: the changes become events, and the tables follow.

    With an `Idempotency-Key` header the same request may be repeated and takes effect once.
    """
    issued = command(user_id, "profile", reason())
    facts = decided(lambda conn: change_profile(conn, issued, json.model_dump(exclude_unset=True)))
    events = [{"id": fact.id, "event_type": fact.event_type, "outcome": fact.outcome} for fact in facts]
    return answer({"user_id": user_id, "events": events})


@users.get("/<key:user_id>/history")
@requires("auditor")
@documented(query=HistoryQuestion, tags=_TAGS, HTTP_200=History, HTTP_404=None)
def show_history(user_id: str, query: HistoryQuestion) -> Response:
    """The user's events in canonical order, oldest first, each with the columns it changed.

    Page by page: `after` is the `next` of the previous page.
    """
    with reading() as conn:
        page = history_page(conn, user_id, limit=query.limit, after=query.after, **_past(query))
        if page is None:
            raise not_found("user")
        noted(conn, subjects=[user_id], fields=["history"])
    return answer({"items": page.items, "next": page.next, **head_field()})


@users.get("/<key:user_id>/explain/<key:column>")
@requires("auditor")
@documented(query=ProfileQuestion, tags=_TAGS, HTTP_200=Explanation, HTTP_404=None)
def explain_column(user_id: str, column: str, query: ProfileQuestion) -> Response:
    """The event and rule that set a column's value, and those of its earlier values."""
    with reading() as conn:
        try:
            explanation = explain(conn, user_id, column, **_past(query))
        except UnknownColumn as unknown:
            raise RequestRefused(404, "unknown-column", "Unknown column", str(unknown)) from None
        if explanation is None:
            raise not_found("user")
        noted(conn, subjects=[user_id], fields=[column])
    return answer(explanation)


def _past(query: ProfileQuestion) -> dict[str, Any]:  # Any: instants and a flag
    """The two clocks. Raises: InTheFuture."""
    refuse_future(deps().clock(), as_of=query.as_of, known_at=query.known_at)
    return {
        "as_of": query.as_of,
        "known_at": query.known_at,
    }
