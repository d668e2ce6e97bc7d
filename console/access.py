"""Console sign-in, roles, and the record of personal data shown."""

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
    """Start a new session; the data of an older one is discarded."""
    session.clear()
    session["name"] = name


def end() -> None:
    """End the session, in this browser and on the server."""
    name = session.get("name")
    session.clear()
    if isinstance(name, str):
        with deps().pool.connection() as conn:
            sign_out(conn, name)


def authenticate() -> Response | None:
    """Before each page: load the session's caller, or redirect to the sign-in page."""
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
    """The signed-in caller; only on pages behind the sign-in."""
    return cast("Caller", g.console_caller)


def caller_or_none() -> Caller | None:
    """The signed-in caller or None, for pages that work in both cases."""
    return cast("Caller | None", g.get("console_caller"))


def actor() -> str:
    """The caller as the actor of an event."""
    return caller().actor


def operator_only(view: Callable[P, R]) -> Callable[P, R]:
    """Refuse an auditor's form, whatever the page showed."""

    @wraps(view)
    def guarded(*args: P.args, **kwargs: P.kwargs) -> R:
        if not caller().may(()):
            raise FormRefused(
                403, "Not permitted", "A token of an auditor can only read; sign in with an operator's token."
            )
        return view(*args, **kwargs)

    return guarded


def noted(
    conn: Connection[Any],  # Any: the row factory does not matter
    *,
    subjects: Collection[str],
    fields: Collection[str],
) -> None:
    """Record that `fields` of `subjects` are about to be shown, in the transaction of the read."""
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
    next_url = request.full_path.rstrip("?") if request.method == "GET" else None
    target = url_for("console.sign_in.show", next=next_url, over=1 if reason else None)
    if request.headers.get("HX-Request") == "true":  # a page fragment can't be the sign-in page
        return Response(status=401, headers={"HX-Redirect": target})
    return redirect(target, 303)
