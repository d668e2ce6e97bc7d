"""Who read whose data: the access log, newest first."""

from uuid import UUID

from events.statements import statement
from queries.rows import AnyConnection, Row, fetch_all


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
    found = fetch_all(conn, statement("queries", "access_log"), values)
    items = found[:limit]
    return items, items[-1]["id"] if len(found) > limit else None
