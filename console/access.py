"""Who sits at the console, what they may do, and the note of what they were shown."""

from collections.abc import Callable, Collection
from datetime import UTC, datetime, timedelta
from functools import wraps
from typing import Any, ParamSpec, TypeVar, cast
from uuid import UUID

from flask import g, redirect, request, session, url_for
from psycopg import Connection
from werkzeug.wrappers import Response

from console.deps import deps, now
from console.errors import Refused
from events.clock import from_micros, micros
from handlers.sessions import SessionOver, still_signed_in
from handlers.tokens import Caller, note_reads

P = ParamSpec("P")
R = TypeVar("R")

SEEN_GRAIN = timedelta(minutes=1)
OPEN = frozenset({"console.sign_in.show", "console.sign_in.enter", "console.static"})


def begin(caller: Caller) -> None:
    """A new session; whatever an older one held is gone."""
    session.clear()
    at = micros(now())
    session["token"], session["began"], session["seen"] = str(caller.token_id), at, at


def end() -> None:
    """The session is over."""
    session.clear()


def authenticate() -> Response | None:
    """Before each page: whose session it is, else the way to the sign-in page."""
    if request.endpoint in OPEN:
        return None
    try:
        g.console_caller = _signed_in()
    except SessionOver as over:
        reason = str(over) if session else None
        session.clear()
        return _to_sign_in(reason)
    return None


def caller() -> Caller:
    """Who sits here; only on pages behind the sign-in."""
    return cast("Caller", g.console_caller)


def caller_or_none() -> Caller | None:
    """Who sits here, or nobody: for pages that show in both cases."""
    return cast("Caller | None", g.get("console_caller"))


def actor() -> str:
    """The caller as the actor of an event."""
    return f"token:{caller().name}"


def operator_only(view: Callable[P, R]) -> Callable[P, R]:
    """What an auditor can't do, whatever the page showed them."""

    @wraps(view)
    def guarded(*args: P.args, **kwargs: P.kwargs) -> R:
        if not caller().may(()):
            raise Refused(403, "Not yours to change", "An auditor reads; an operator's token can do this.")
        return view(*args, **kwargs)

    return guarded


def noted(
    conn: Connection[Any],  # Any: the row factory does not matter
    *,
    subjects: Collection[str],
    fields: Collection[str],
) -> None:
    """Note that `fields` of `subjects` are about to be shown, in the transaction of the read."""
    page = request.url_rule.rule if request.url_rule else request.path
    note_reads(
        conn,
        caller(),
        subjects=subjects,
        fields=fields,
        reason=f"console {page}",
        request_id=g.get("request_id"),
    )


def _signed_in() -> Caller:
    at = now()
    try:
        token_id = UUID(session["token"])
        began_at, seen_at = from_micros(session["began"]), from_micros(session["seen"])
    except (KeyError, ValueError, TypeError, AttributeError, OverflowError):
        raise SessionOver("sign in first") from None
    with deps().pool.connection() as conn:
        found = still_signed_in(conn, token_id, began_at=began_at, seen_at=seen_at, now=at)
    if at - seen_at >= SEEN_GRAIN:
        session["seen"] = micros(at)
    return found


def _to_sign_in(reason: str | None) -> Response:
    wanted = request.full_path.rstrip("?") if request.method == "GET" else None
    target = url_for("console.sign_in.show", next=wanted, over=1 if reason else None)
    if request.headers.get("HX-Request") == "true":  # a part of a page can't be the sign-in page
        return Response(status=401, headers={"HX-Redirect": target})
    return redirect(target, 303)


def session_began_at() -> datetime:
    """When this session began, UTC."""
    return from_micros(session["began"]).astimezone(UTC)
