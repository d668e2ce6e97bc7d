"""Who sits at the console: a token shown once at sign-in, asked for again at each request by its id."""

from datetime import datetime, timedelta
from typing import Any, cast
from uuid import UUID

from psycopg import Connection
from psycopg.rows import dict_row

from events.statements import statement
from handlers.tokens import Caller, Role, TokenRefused, check_token

AnyConnection = Connection[Any]  # Any: nothing here cares which row factory the caller uses

IDLE = timedelta(minutes=30)
LONGEST = timedelta(hours=12)
PEOPLE: tuple[Role, ...] = ("auditor", "operator")


class SessionOver(Exception):
    """The session opens nothing any more. Sign in again; the message says why it ended."""


class NotForPeople(Exception):
    """A service's token. The console is for people: use one of an auditor or an operator."""

    def __init__(self) -> None:
        super().__init__("that is a service's token; the console takes those of auditors and operators")


def sign_in(conn: AnyConnection, text: str, *, now: datetime) -> Caller:
    """Who holds the token. Raises: TokenRefused, NotForPeople."""
    caller = check_token(conn, text, now=now)
    if caller.role not in PEOPLE:
        raise NotForPeople
    return caller


def still_signed_in(
    conn: AnyConnection, token_id: UUID, *, began_at: datetime, seen_at: datetime, now: datetime
) -> Caller:
    """Whose session it is; a token revoked or expired since then ends it. Raises: SessionOver."""
    if not timedelta(minutes=-1) <= now - seen_at <= IDLE:
        raise SessionOver("you were away for a while; sign in again")
    if now - began_at > LONGEST:
        raise SessionOver("a session lasts twelve hours; sign in again")
    with conn.cursor(row_factory=dict_row) as cursor:
        row = cursor.execute(statement("handlers", "find_token_by_id"), {"id": token_id}).fetchone()
    if row is None or row["role"] not in PEOPLE:
        raise SessionOver("sign in again")
    if row["revoked_at"] is not None:
        raise SessionOver("the token was revoked; sign in with another")
    if row["expires_at"] is not None and row["expires_at"] <= now:
        raise SessionOver("the token has expired; sign in with another")
    return Caller(row["id"], row["name"], cast("Role", row["role"]))


__all__ = ["NotForPeople", "SessionOver", "TokenRefused", "sign_in", "still_signed_in"]
