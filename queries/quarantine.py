"""Users whose history stops at an event that can't be folded."""

from events.statements import AnyConnection, Row, statement
from queries.rows import fetch_all, fetch_one


def quarantined(conn: AnyConnection, *, limit: int) -> list[Row]:
    """The event at which each history stops and why, the latest first."""
    return fetch_all(conn, statement("queries", "quarantined"), {"limit": limit})


def is_quarantined(conn: AnyConnection, user_id: str) -> bool:
    """Whether this user is quarantined."""
    return fetch_one(conn, statement("queries", "quarantined_user"), {"user_id": user_id}) is not None
