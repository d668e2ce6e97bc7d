"""Who sits at the console: a token shown once at sign-in, then a session, which is a row until it is over."""

import secrets
from collections.abc import Mapping
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Any, cast

from psycopg import Connection
from psycopg.rows import dict_row

from events.statements import statement
from handlers.tokens import Caller, Role, TokenRefused, check_token

AnyConnection = Connection[Any]  # Any: nothing here cares which row factory the caller uses

IDLE = timedelta(minutes=30)
LONGEST = timedelta(hours=12)
SEEN_GRAIN = timedelta(minutes=1)
RANDOM_BYTES = 32
PEOPLE: tuple[Role, ...] = ("auditor", "operator")


class SessionOver(Exception):
    """The session opens nothing any more. Sign in again; the message says why it ended."""


class NotForPeople(Exception):
    """A service's token. The console is for people: use one of an auditor or an operator."""

    def __init__(self) -> None:
        super().__init__("that is a service's token; the console takes those of auditors and operators")


def sign_in(conn: AnyConnection, text: str, *, now: datetime) -> str:
    """The name of a new session of the token's holder. It is kept nowhere: give it to them alone.

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
    """Whose session it is; a token revoked or expired since then ends it.

    That it was seen is noted once a minute, so that a busy session doesn't write. Raises: SessionOver.
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
    """The session is over, whoever has its cookie. Twice is as good as once."""
    conn.execute(statement("handlers", "end_session"), {"session_digest": _digest(name)})


def delete_sessions(conn: AnyConnection, *, now: datetime) -> int:
    """How many sessions were forgotten that could open nothing any more."""
    values = {"seen_before": now - IDLE, "began_before": now - LONGEST}
    return conn.execute(statement("handlers", "delete_sessions"), values).rowcount


def _refuse_over(row: Mapping[str, Any], now: datetime) -> None:  # Any: one type a column
    if not timedelta(minutes=-1) <= now - row["seen_at"] <= IDLE:
        raise SessionOver("you were away for a while; sign in again")
    if now - row["began_at"] > LONGEST:
        raise SessionOver("a session lasts twelve hours; sign in again")
    if row["role"] not in PEOPLE:
        raise SessionOver("sign in again")
    if row["revoked_at"] is not None:
        raise SessionOver("the token was revoked; sign in with another")
    if row["expires_at"] is not None and row["expires_at"] <= now:
        raise SessionOver("the token has expired; sign in with another")


def _digest(name: str) -> bytes:
    """What is kept. The name is 256 random bits, so a plain hash can't be searched."""
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
