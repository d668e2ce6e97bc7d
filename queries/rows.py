"""Rows as dictionaries, with every instant in UTC regardless of the session's time zone."""

from collections.abc import Mapping

from psycopg.rows import dict_row
from psycopg.sql import Composed

from events.statements import AnyConnection, Row, in_utc

MAX_PAGE_BYTES = 4 * 1024 * 1024
ROWS_AT_ONCE = 4  # of up to some MiB each


def fetch_all(conn: AnyConnection, query: Composed | bytes, parameters: Mapping[str, object]) -> list[Row]:
    """All rows of one statement."""
    with conn.cursor(row_factory=dict_row) as cursor:
        return [in_utc(row) for row in cursor.execute(query, parameters).fetchall()]


def fetch_one(conn: AnyConnection, query: Composed | bytes, parameters: Mapping[str, object]) -> Row | None:
    """The first row of one statement, or None."""
    with conn.cursor(row_factory=dict_row) as cursor:
        row = cursor.execute(query, parameters).fetchone()
    return None if row is None else in_utc(row)


def fetch_within(
    conn: AnyConnection, query: Composed | bytes, parameters: Mapping[str, object], *, weight: str
) -> tuple[list[Row], bool]:
    """The first rows of one statement, and True if there may be more: at least one row, and no more once
    their `weight` columns add up to `MAX_PAGE_BYTES`. The rest stays on the server.
    """
    rows: list[Row] = []
    weight_bytes = 0
    with conn.transaction(), conn.cursor(name="page", row_factory=dict_row) as cursor:
        cursor.itersize = ROWS_AT_ONCE
        for row in cursor.execute(query, parameters):
            rows.append(in_utc(row))
            weight_bytes += row[weight] or 0
            if weight_bytes >= MAX_PAGE_BYTES:
                return rows, True
    return rows, False
