"""Which tables an archive holds, and their rows as PostgreSQL's own text."""

import re
from collections.abc import Iterator, Sequence
from functools import cache

from psycopg import sql

from archive.format import Cells
from database.migration_files import read
from database.pool import Connection
from events.statements import statement
from projections.replay.tables import REBUILT

# What makes a log, in the order it is written and read: the name first, the heads before the events.
LOG = (
    "log_origin",
    "part_heads",
    "events",
    "event_conflicts",
    "unreadable_deliveries",
    "log_nodes",
    "log_checkpoints",
)
_MADE = re.compile(r"^CREATE TABLE (?:IF NOT EXISTS )?(\w+)", re.MULTILINE)
_AS_TEXT = sql.SQL(
    "SET LOCAL datestyle = 'ISO, MDY'; SET LOCAL timezone = 'UTC'; SET LOCAL bytea_output = 'hex'"
)


@cache
def ours() -> tuple[str, ...]:
    """Every table the migrations make, but for their own bookkeeping."""
    return tuple(name for one in read() for name in _MADE.findall(one.body.decode()))


def kept() -> tuple[str, ...]:
    """The tables no replay can rebuild: the log, and what is not in it."""
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
    """COPY into it, of cells as text."""
    return sql.SQL("COPY {} ({}) FROM STDIN").format(sql.Identifier(table), names(columns))


def names(columns: Sequence[str]) -> sql.Composed:
    return sql.SQL(", ").join(map(sql.Identifier, columns))


def as_text(conn: Connection) -> None:
    """What is written and read as text in this transaction has one form."""
    conn.execute(_AS_TEXT)


def _described(conn: Connection, table: str) -> list[tuple[str, bool]]:
    return conn.execute(statement("archive", "columns"), {"table": table}).fetchall()
