"""Authenticate the caller, check the role, and record reads of personal data."""

import time
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from functools import wraps
from inspect import getdoc
from typing import Any, ParamSpec, TypeVar, cast

from flask import g, request
from psycopg import Connection

from api.deps import deps
from api.errors import RequestRefused, bad_request
from api.replica import noting
from api.request_id import request_id
from events.text import storable
from handlers.tokens import (
    Caller,
    Role,
    TokenRefused,
    check_token,
    note_reads,
    token_digest,
    token_is_valid,
)

P = ParamSpec("P")
R = TypeVar("R")

REASON_LIMIT = 500
RECHECK_S = 1.0
ALL_USERS = "*"  # subject of a read that is limited to no user
_CHALLENGE = {"WWW-Authenticate": 'Bearer realm="tenure"'}


def requires(*roles: Role) -> Callable[[Callable[P, R]], Callable[P, R]]:
    """Allow only callers with one of `roles`, or operators. Put it above `documented`."""

    expected = " or ".join(roles) or "operator"

    def guard(view: Callable[P, R]) -> Callable[P, R]:
        @wraps(view)
        def guarded(*args: P.args, **kwargs: P.kwargs) -> R:
            caller = _authenticated()
            if not caller.may(roles):
                detail = f"expected a token of role {expected}, found one of role {caller.role}"
                raise RequestRefused(403, "forbidden", "Forbidden", detail)
            g.caller = caller
            return view(*args, **kwargs)

        guarded.__doc__ = f"{getdoc(view)}\n\nFor: {expected}."  # /openapi.json describes views by it
        return guarded

    return guard


def caller() -> Caller:
    """The caller; only inside a view that `requires` a role."""
    return cast("Caller", g.caller)


def still_allowed(*, every_s: float | None = None) -> Callable[[], bool]:
    """A check for long responses, at most one query per `every_s` (`RECHECK_S`).

    The response must end once it is False: the caller's token was revoked or has expired. It queries the
    primary, so a lagging replica can't keep a revoked token alive, and may be called outside the request.
    """
    app_deps, token_id = deps(), caller().token_id
    checked_at, valid = time.monotonic(), True
    wait_s = RECHECK_S if every_s is None else every_s

    def check() -> bool:
        nonlocal checked_at, valid
        if token_id is not None and valid and time.monotonic() - checked_at >= wait_s:
            with app_deps.pool.connection() as conn:
                valid = token_is_valid(conn, token_id, now=app_deps.clock())
            checked_at = time.monotonic()
        return valid

    return check


def actor() -> str:
    """The caller as the actor of an event."""
    return caller().actor


def noted(
    conn: Connection[Any],  # Any: the row factory does not matter
    *,
    subjects: Collection[str],
    fields: Collection[str],
) -> None:
    """Record that the caller reads `fields` of `subjects`, before they are returned.

    In the transaction of the read; for a read at the replica, in one at the primary that is durable
    when this returns.
    """
    with noting(conn) as writable:
        note_reads(
            writable,
            caller(),
            subjects=subjects,
            fields=fields,
            reason=reason() or _route(),
            request_id=request_id(),
        )


def reason() -> str | None:
    """The caller's X-Reason, if there is one.

    Raises: RequestRefused when it is too long or not readable.
    """
    header = request.headers.get("X-Reason")
    if header is None:
        return None
    try:
        text = header.encode("latin-1").decode("utf-8").strip()
    except (UnicodeEncodeError, UnicodeDecodeError):
        raise bad_request("X-Reason: expected UTF-8 text, found other bytes") from None
    if len(text) > REASON_LIMIT:
        raise bad_request(f"X-Reason: expected at most {REASON_LIMIT} characters")
    return storable(text) or None


def _authenticated() -> Caller:
    app_deps = deps()
    scheme, _, text = request.headers.get("Authorization", "").partition(" ")
    text = text.strip()
    if scheme.lower() != "bearer" or not text:
        raise _unauthorized("expected the header Authorization: Bearer tnr_…, found none")
    now, address, digest = app_deps.clock(), request.remote_addr or "", token_digest(text)
    wait_s = app_deps.throttle.wait_s(address, digest, now=now)
    if wait_s:
        raise RequestRefused(
            429,
            "too-many-failures",
            "Too many failures",
            f"too many invalid tokens; wait {wait_s} s",
            headers={"Retry-After": str(wait_s)},
        )
    try:
        with app_deps.pool.connection() as conn, _each_alone(conn):
            holder = check_token(conn, text, now=now)
    except TokenRefused as refused:
        app_deps.throttle.failed(address, digest, now=now)
        raise _unauthorized(str(refused)) from None
    app_deps.throttle.succeeded(digest)
    return holder


@contextmanager
def _each_alone(conn: Connection[Any]) -> Iterator[None]:  # Any: the row factory does not matter
    """Statements without a surrounding transaction: one round trip instead of three."""
    conn.autocommit = True
    try:
        yield
    finally:
        if not conn.closed:
            conn.autocommit = False


def _unauthorized(detail: str) -> RequestRefused:
    return RequestRefused(401, "unauthorized", "Unauthorized", detail, headers=_CHALLENGE)


def _route() -> str:
    return f"{request.method} {request.url_rule.rule if request.url_rule else request.path}"
