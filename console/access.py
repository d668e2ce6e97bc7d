"""Who sits at the console, what they may do, and the note of what they were shown."""

from collections.abc import Callable, Collection
from functools import wraps
from typing import Any, ParamSpec, TypeVar, cast

from flask import g, redirect, request, session, url_for
from psycopg import Connection
from werkzeug.wrappers import Response

from console.deps import deps, now
from console.errors import FormRefused
from handlers.console_sessions import SessionOver, sign_out, still_signed_in
from handlers.tokens import Caller, note_reads

P = ParamSpec("P")
R = TypeVar("R")

OPEN = frozenset({"console.sign_in.show", "console.sign_in.enter", "console.static"})


def begin(name: str) -> None:
    """A new session; whatever an older one held is gone."""
    session.clear()
    session["name"] = name


def end() -> None:
    """The session is over, in this browser and on the server."""
    name = session.get("name")
    session.clear()
    if isinstance(name, str):
        with deps().pool.connection() as conn:
            sign_out(conn, name)


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
    return caller().actor


def operator_only(view: Callable[P, R]) -> Callable[P, R]:
    """What an auditor can't do, whatever the page showed them."""

    @wraps(view)
    def guarded(*args: P.args, **kwargs: P.kwargs) -> R:
        if not caller().may(()):
            raise FormRefused(
                403, "Not yours to change", "An auditor reads; an operator's token can do this."
            )
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
    name = session.get("name")
    if not isinstance(name, str):
        raise SessionOver("sign in first")
    with deps().pool.connection() as conn:
        return still_signed_in(conn, name, now=now())


def _to_sign_in(reason: str | None) -> Response:
    wanted = request.full_path.rstrip("?") if request.method == "GET" else None
    target = url_for("console.sign_in.show", next=wanted, over=1 if reason else None)
    if request.headers.get("HX-Request") == "true":  # a part of a page can't be the sign-in page
        return Response(status=401, headers={"HX-Redirect": target})
    return redirect(target, 303)
