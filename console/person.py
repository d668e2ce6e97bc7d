"""A user's page: the five tables at any instant, the timeline, and the events."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import uuid4

from flask import render_template

from console.access import caller, noted
from console.deps import deps, now
from console.errors import bad_input, not_found
from console.inputs import text
from console.timeline_chart import life
from events.clock import from_micros
from events.statements import AnyConnection
from handlers.offers import refusals
from queries import profile as profiles
from queries.customers import linked_customers
from queries.entitlements import METRICS, entitlements
from queries.history import Json, as_entry
from queries.instants import refuse_future
from queries.plans import list_plans
from queries.stored_fold import stored_fold
from queries.user_view import UserView, load_user_view
from queries.why import why

EACH_TIME = frozenset({"last_webhook_event", "last_webhook_timestamp"})
HISTORY_SHOWN = 100
UNEXPLAINED = frozenset({"id", "user_id", "created_at", "updated_at"})


@dataclass(frozen=True, slots=True)
class PageRefusal:
    """A refused form of the page: its name, the reason, and its input."""

    action: str
    detail: str
    fields: Mapping[str, str]


def person_page(
    user_id: str,
    *,
    as_of: datetime | None = None,
    known_at: datetime | None = None,
    refusal: PageRefusal | None = None,
) -> str:
    """Tables, timeline and history at these instants, by default the present. Raises: Refused (404)."""
    app_deps, at = deps(), now()
    refuse_future(at, as_of=as_of, known_at=known_at)
    with app_deps.pool.connection() as conn:
        view = load_user_view(conn, user_id, as_of=as_of, known_at=known_at)
        if view is None and known_at is not None:
            view = _not_yet_known(conn, user_id)
        if view is None:
            raise not_found("user")
        allowed = entitlements(
            conn, user_id, now=at, as_of=as_of, known_at=known_at
        ) if view.profile else None  # fmt: skip
        can_act = caller().may(()) and as_of is None and known_at is None
        choices = _choices(conn, user_id, at) if can_act else {}
        is_past = as_of is not None or known_at is not None
        explained = None if is_past or not view.profile else why(conn, user_id, now=at)
        noted(conn, subjects=[user_id], fields=[*profiles.COLUMNS, "history"])
    latest_first = list(reversed(view.steps))
    shown = latest_first if text("all") else latest_first[:HISTORY_SHOWN]
    return render_template(
        "console/user.html",
        user_id=user_id,
        view=view,
        tables=profiles.GROUPS,
        unexplained=UNEXPLAINED,
        picture=life(view.whole, until=at, marked_at=as_of),
        history=[_quieted(as_entry(step)) for step in shown],
        more=len(view.steps) - len(shown),
        allowed=allowed,
        why=explained,
        metrics=METRICS,
        as_of=as_of,
        known_at=known_at,
        known_from=_first_recorded_at(view),
        can_act=can_act,
        refusal=refusal,
        now=at,
        **choices,
    )


def user_meant(typed: str) -> str:
    """The id of the user that was typed as an id or as an e-mail address. An id may look like an address.

    Raises: Refused for an address of no user, or of several.
    """
    if "@" not in typed:
        return typed
    with deps().pool.connection() as conn:
        ids = [] if profiles.profile(conn, typed) is None else [typed]
        ids += [row["user_id"] for row in profiles.profiles_by_email(conn, typed)]
    if len(ids) != 1:
        matches = f"{len(ids)} users: {', '.join(ids[:5])}" if ids else "none"
        raise bad_input(f"User: expected an address that one user has, found {matches}; name one by id.")
    return str(ids[0])


def _choices(conn: AnyConnection, user_id: str, at: datetime) -> dict[str, Any]:  # Any: what the forms need
    stored = stored_fold(conn, user_id)
    return {
        "not_offered": {} if stored is None else refusals(stored[0], at),
        "customers": linked_customers(conn, user_id),
        "plans": list_plans(conn, active=True),
        "new_key": uuid4,
    }


def _quieted(entry: Json) -> Json:
    """Without the two columns that every provider event sets: they would hide the others."""
    changes = [change for change in entry["changes"] if change["column"] not in EACH_TIME]
    return entry | {"changes": changes}


def _not_yet_known(conn: AnyConnection, user_id: str) -> UserView | None:
    """A user known today but not at that instant: an empty page, not a 404."""
    today = load_user_view(conn, user_id)
    return None if today is None else UserView(None, [], today.whole, today.is_all)


def _first_recorded_at(view: UserView) -> datetime:
    return from_micros(min(step.entry.recorded for step in view.whole))
