"""Rows as dictionaries, with every instant in UTC whatever the session's time zone is."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from psycopg import Connection
from psycopg.rows import dict_row
from psycopg.sql import Composed

AnyConnection = Connection[Any]  # Any: a query does not care which row factory the caller uses
Row = dict[str, Any]  # Any: a column's type is the table's


def fetch_all(conn: AnyConnection, query: Composed | bytes, parameters: Mapping[str, object]) -> list[Row]:
    """All rows of one statement."""
    with conn.cursor(row_factory=dict_row) as cursor:
        return [in_utc(row) for row in cursor.execute(query, parameters).fetchall()]


def fetch_one(conn: AnyConnection, query: Composed | bytes, parameters: Mapping[str, object]) -> Row | None:
    """The first row of one statement, or None."""
    with conn.cursor(row_factory=dict_row) as cursor:
        row = cursor.execute(query, parameters).fetchone()
    return None if row is None else in_utc(row)


def in_utc(row: Row) -> Row:
    """The row with its instants in UTC."""
    return {
        name: value.astimezone(UTC) if isinstance(value, datetime) else value for name, value in row.items()
    }
