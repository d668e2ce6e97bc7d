"""Console sessions: a token presented once at sign-in, then a session, which is a row until it ends."""

import secrets
from collections.abc import Mapping
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Any, cast

from psycopg.rows import dict_row

from events.statements import AnyConnection, statement
from handlers.tokens import Caller, Role, TokenRefused, check_token

IDLE = timedelta(minutes=30)
LONGEST = timedelta(hours=12)
SEEN_GRAIN = timedelta(minutes=1)
RANDOM_BYTES = 32
PEOPLE: tuple[Role, ...] = ("auditor", "operator")


class SessionOver(Exception):
    """The session has ended. Sign in again; the message says why it ended."""


class NotForPeople(Exception):
    """A service's token. The console accepts only tokens of auditors and operators."""

    def __init__(self) -> None:
        super().__init__("that is a service's token; the console accepts tokens of auditors and operators")


def sign_in(conn: AnyConnection, text: str, *, now: datetime) -> str:
    """The name of a new session for the token's holder. It is not stored: return it only to that client.

    Raises: TokenRefused, NotForPeople.
    """
    caller = check_token(conn, text, now=now)
    if caller.role not in PEOPLE:
        raise NotForPeople
    name = secrets.token_urlsafe(RANDOM_BYTES)
    values = {"session_digest": _digest(name), "token_id": caller.token_id, "now": now}
    conn.execute(statement("handlers", "begin_session"), values)
    return name


def still_signed_in(conn: AnyConnection, name: str, *, now: datetime) -> Caller:
    """The session's caller; the session ends when its token is revoked or expires.

    Its last use is recorded once per minute, so that a busy session rarely writes. Raises: SessionOver.
    """
    digest = _digest(name)
    with conn.cursor(row_factory=dict_row) as cursor:
        query = statement("handlers", "find_session")
        row = cursor.execute(query, {"session_digest": digest}).fetchone()
    if row is None:
        raise SessionOver("sign in again")
    _refuse_over(row, now)
    if now - row["seen_at"] >= SEEN_GRAIN:
        conn.execute(statement("handlers", "note_session_seen"), {"session_digest": digest, "now": now})
    return Caller(row["token_id"], row["name"], cast("Role", row["role"]))


def sign_out(conn: AnyConnection, name: str) -> None:
    """End the session for every client that has its cookie. Ending it twice is no error."""
    conn.execute(statement("handlers", "end_session"), {"session_digest": _digest(name)})


def delete_sessions(conn: AnyConnection, *, now: datetime) -> int:
    """Delete sessions that have ended; returns how many."""
    values = {"seen_before": now - IDLE, "began_before": now - LONGEST}
    return conn.execute(statement("handlers", "delete_sessions"), values).rowcount


def _refuse_over(row: Mapping[str, Any], now: datetime) -> None:  # Any: one type a column
    if not timedelta(minutes=-1) <= now - row["seen_at"] <= IDLE:
        raise SessionOver("the session was idle for too long; sign in again")
    if now - row["began_at"] > LONGEST:
        raise SessionOver("a session lasts twelve hours; sign in again")
    if row["role"] not in PEOPLE:
        raise SessionOver("sign in again")
    if row["revoked_at"] is not None:
        raise SessionOver("the token was revoked; sign in with another")
    if row["expires_at"] is not None and row["expires_at"] <= now:
        raise SessionOver("the token has expired; sign in with another")


def _digest(name: str) -> bytes:
    """The stored form. The name is 256 random bits, so a plain hash can't be searched."""
    return sha256(name.encode("utf-8", "surrogatepass")).digest()


__all__ = [
    "NotForPeople",
    "SessionOver",
    "TokenRefused",
    "delete_sessions",
    "sign_in",
    "sign_out",
    "still_signed_in",
]
