"""The tables of an archive, and their rows as PostgreSQL's text."""

import re
from collections.abc import Iterator, Sequence
from functools import cache

from psycopg import sql

from archive.format import Cells
from database.migration_files import read
from database.pool import Connection
from events.statements import statement
from projections.replay.tables import REBUILT

# The tables of the log, in the order of the archive: the name first, the heads before the events.
LOG = (
    "log_origin",
    "part_heads",
    "events",
    "event_conflicts",
    "unreadable_deliveries",
    "log_nodes",
    "log_checkpoints",
)
_CREATED = re.compile(r"^CREATE TABLE (?:IF NOT EXISTS )?(\w+)", re.MULTILINE)
_RENAMED = re.compile(r"^ALTER TABLE (\w+) RENAME TO (\w+)", re.MULTILINE)
_AS_TEXT = sql.SQL(
    "SET LOCAL datestyle = 'ISO, MDY'; SET LOCAL timezone = 'UTC'; SET LOCAL bytea_output = 'hex'"
)


@cache
def ours() -> tuple[str, ...]:
    """Every table the migrations create, except for their own bookkeeping."""
    tables: list[str] = []
    for migration in read():
        text = migration.body.decode()
        tables += _CREATED.findall(text)
        renamed = dict(_RENAMED.findall(text))
        tables = [renamed.get(name, name) for name in tables]
    return tuple(tables)


def kept() -> tuple[str, ...]:
    """The tables that replay can't rebuild: the log, and tables not projected from it."""
    return (*LOG, *(name for name in ours() if name not in LOG and name not in REBUILT))


def columns_of(conn: Connection, table: str) -> list[str]:
    """Its columns in order."""
    return [name for name, _ in _described(conn, table)]


def key_of(conn: Connection, table: str) -> list[str]:
    """The columns of its primary key."""
    return [name for name, is_key in _described(conn, table) if is_key]


def rows_of(conn: Connection, table: str, columns: Sequence[str]) -> Iterator[Cells]:
    """Its rows in the order of the primary key, each cell as text. Call inside a transaction."""
    conn.execute(_AS_TEXT)
    query = sql.SQL("COPY (SELECT {} FROM {} ORDER BY {}) TO STDOUT").format(
        names(columns), sql.Identifier(table), names(key_of(conn, table))
    )
    with conn.cursor().copy(query) as copy:
        yield from copy.rows()


def copy_into(table: str, columns: Sequence[str]) -> sql.Composed:
    """A COPY statement that reads cells as text."""
    return sql.SQL("COPY {} ({}) FROM STDIN").format(sql.Identifier(table), names(columns))


def names(columns: Sequence[str]) -> sql.Composed:
    return sql.SQL(", ").join(map(sql.Identifier, columns))


def as_text(conn: Connection) -> None:
    """Fix the text format of values for this transaction."""
    conn.execute(_AS_TEXT)


def _described(conn: Connection, table: str) -> list[tuple[str, bool]]:
    return conn.execute(statement("archive", "columns"), {"table": table}).fetchall()
