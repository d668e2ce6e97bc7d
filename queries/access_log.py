"""The access log: which reader read the data of which subject, newest first."""

from uuid import UUID

from events.statements import AnyConnection, Row, statement
from queries.rows import fetch_all


def reads(
    conn: AnyConnection,
    *,
    limit: int,
    subject: str | None = None,
    reader: str | None = None,
    after: UUID | None = None,
) -> tuple[list[Row], UUID | None]:
    """(one page, the `after` of the next page or None)."""
    values = {"subject": subject, "reader": reader, "after": after, "limit": limit + 1}
    rows = fetch_all(conn, statement("queries", "access_log"), values)
    items = rows[:limit]
    return items, items[-1]["id"] if len(rows) > limit else None
