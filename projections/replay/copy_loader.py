"""Rows into the shadow tables by COPY, some thousands at a time."""

from __future__ import annotations

from types import TracebackType
from typing import Any, Self

import msgspec
from psycopg import sql

from projections.replay.errors import ColumnsDiffer
from projections.replay.statements import Connection
from projections.rows import Row, as_json

FLUSH_ROWS = 4000


class Loader:
    """Collects rows by table and copies them into it. The caller owns the transaction."""

    def __init__(self, conn: Connection, schema: str) -> None:
        self._conn = conn
        self._schema = schema
        self._waiting: dict[str, list[tuple[Any, ...]]] = {}  # Any: a column's value
        self._columns: dict[str, tuple[str, ...]] = {}
        self._rows = 0
        self.counts: dict[str, int] = {}

    def take(self, table: str, row: Row) -> None:
        """Add a row as the live projector would write it. Raises: ColumnsDiffer."""
        waiting = self._waiting.get(table)
        if waiting is None:
            waiting = self._waiting[table] = []
            self._columns[table] = tuple(row)
        columns = self._columns[table]
        if row.keys() != set(columns):
            raise ColumnsDiffer(table, sorted(columns), sorted(row))
        waiting.append(tuple([_plain(row[column]) for column in columns]))
        self._rows += 1
        if self._rows >= FLUSH_ROWS:
            self.flush()

    def flush(self) -> None:
        """Copy the collected rows."""
        for table, waiting in self._waiting.items():
            if not waiting:
                continue
            columns = sql.SQL(", ").join(map(sql.Identifier, self._columns[table]))
            into = sql.Identifier(self._schema, table)
            with (
                self._conn.cursor() as cursor,
                cursor.copy(sql.SQL("COPY {} ({}) FROM STDIN").format(into, columns)) as copy,
            ):
                for row in waiting:
                    copy.write_row(row)
            self.counts[table] = self.counts.get(table, 0) + len(waiting)
            waiting.clear()
        self._rows = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._waiting.clear()


def _plain(cell: Any) -> Any:  # Any: a column's value
    """JSON as text; arrays and other values as psycopg writes them."""
    return as_json(cell).decode() if isinstance(cell, dict | msgspec.Struct) else cell
