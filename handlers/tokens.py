"""API tokens for machines and people, and the access log of reads of personal data."""

import re
import secrets
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256
from hmac import compare_digest
from typing import Any, Literal, cast, get_args
from uuid import UUID

from psycopg.rows import dict_row

from events.identifiers import uuid7
from events.statements import AnyConnection, statement

Role = Literal["service", "auditor", "operator"]
ROLES: tuple[Role, ...] = get_args(Role)

RANDOM_BYTES = 32
NAME_LIMIT = 100
LAST_USED_GRAIN = timedelta(minutes=1)
_SHAPE = re.compile(rf"tnr_({'|'.join(ROLES)})_[A-Za-z0-9_-]{{43}}", re.ASCII)


class TokenRefused(Exception):
    """The token is not valid. Create another with `tenure tokens create ROLE`."""

    def __init__(self, problem: str) -> None:
        super().__init__(
            f"expected a valid token, found {problem}; create one with: tenure tokens create ROLE"
        )
        self.problem = problem


class UnusableTokenRequest(Exception):
    """The token can't be created. The message says what to change."""


@dataclass(frozen=True, slots=True)
class Caller:
    """The holder of a checked token."""

    token_id: UUID | None
    name: str
    role: Role

    def may(self, allowed: Collection[Role]) -> bool:
        """An operator may do everything."""
        return self.role == "operator" or self.role in allowed

    @property
    def actor(self) -> str:
        """The actor in events: several tokens may have one name, so the token's id comes first."""
        return self.name if self.token_id is None else f"token:{self.token_id} {self.name}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Token:
    """A token's record, without its text."""

    id: UUID
    name: str
    role: Role
    created_at: datetime
    expires_at: datetime | None
    revoked_at: datetime | None
    last_used_at: datetime | None


def create_token(
    conn: AnyConnection, role: str, *, name: str, now: datetime, expires_at: datetime | None = None
) -> tuple[str, Token]:
    """(the token's text, its record). The text is not stored: it can be shown only now.

    Raises: UnusableTokenRequest.
    """
    if role not in ROLES:
        raise UnusableTokenRequest(f"expected a role, one of {', '.join(ROLES)}; found {role!r}")
    if not 0 < len(name) <= NAME_LIMIT or not name.isprintable():
        raise UnusableTokenRequest(f"expected a name of 1 to {NAME_LIMIT} printable characters")
    if expires_at is not None and expires_at <= now:
        raise UnusableTokenRequest("expected an expiry in the future, found one that has passed")
    text = f"tnr_{role}_{secrets.token_urlsafe(RANDOM_BYTES)}"
    values = {
        "id": uuid7(),
        "name": name,
        "role": role,
        "token_digest": token_digest(text),
        "created_at": now,
        "expires_at": expires_at,
    }
    row = _row(conn, "create_token", values)
    assert row is not None  # INSERT … RETURNING always returns its row
    return text, Token(**row)


def list_tokens(conn: AnyConnection) -> list[Token]:
    """All tokens, the newest first, including revoked and expired ones."""
    with conn.cursor(row_factory=dict_row) as cursor:
        return [Token(**row) for row in cursor.execute(statement("handlers", "list_tokens")).fetchall()]


def revoke_token(conn: AnyConnection, token_id: UUID, *, now: datetime) -> Token | None:
    """The token after revocation; None when no token has that id. Revoking twice is no error."""
    row = _row(conn, "revoke_token", {"id": token_id, "now": now})
    return None if row is None else Token(**row)


def check_token(conn: AnyConnection, text: str, *, now: datetime) -> Caller:
    """The token's holder. Its last use is recorded once per minute, so that busy tokens rarely write.

    Raises: TokenRefused.
    """
    if _SHAPE.fullmatch(text) is None:
        raise TokenRefused("a text that is not a token")
    digest = token_digest(text)
    row = _row(conn, "find_token", {"token_digest": digest})
    # The index compared the digest already; a digest that leaks by timing gives no token away.
    if row is None or not compare_digest(bytes(row["token_digest"]), digest):
        raise TokenRefused("an unknown one")
    if row["revoked_at"] is not None:
        raise TokenRefused("one that was revoked")
    if row["expires_at"] is not None and row["expires_at"] <= now:
        raise TokenRefused("one that has expired")
    if row["last_used_at"] is None or row["last_used_at"] <= now - LAST_USED_GRAIN:
        used = {"id": row["id"], "now": now, "not_since": now - LAST_USED_GRAIN}
        conn.execute(statement("handlers", "note_token_use"), used)
    return Caller(row["id"], row["name"], cast("Role", row["role"]))


def token_is_valid(conn: AnyConnection, token_id: UUID, *, now: datetime) -> bool:
    """True unless the token was revoked or has expired since it was checked: for long responses."""
    return _row(conn, "token_is_valid", {"id": token_id, "now": now}) is not None


def token_digest(text: str) -> bytes:
    """The stored form. The token is 256 random bits, so a plain hash can't be searched."""
    return sha256(text.encode("utf-8", "surrogatepass")).digest()


def note_reads(
    conn: AnyConnection,
    caller: Caller,
    *,
    subjects: Collection[str],
    fields: Collection[str],
    reason: str,
    request_id: str | None = None,
) -> None:
    """Write one row to the access log for each person whose data `caller` is about to receive.

    Call it in the transaction of the read: if the row can't be written, no data is returned.
    """
    if not subjects:
        return
    subject_ids = sorted(set(subjects))
    values = {
        "ids": [uuid7() for _ in subject_ids],
        "token_id": caller.token_id,
        "reader": caller.name,
        "role": caller.role,
        "subjects": subject_ids,
        "fields": list(fields),
        "reason": reason,
        "request_id": request_id,
    }
    conn.execute(statement("handlers", "note_token_reads"), values)


def _row(conn: AnyConnection, name: str, values: dict[str, Any]) -> dict[str, Any] | None:
    # Any: one type a parameter, one a column
    with conn.cursor(row_factory=dict_row) as cursor:
        return cursor.execute(statement("handlers", name), values).fetchone()
