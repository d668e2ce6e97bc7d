"""The swap: in one short transaction the rebuilt tables become the live ones, and the live ones previous.

Tables that are not rebuilt may refer to those that are. A foreign key follows the table it was made
for, so the swap creates these keys again as NOT VALID, and validates them afterwards, without its locks.
"""

from collections.abc import Callable
from contextlib import suppress
from time import sleep
from typing import LiteralString, NamedTuple

from psycopg import errors, sql

from events.statements import AnyConnection
from projections.replay.errors import NothingToRollBack, ReplayRunning, TablesBusy
from projections.replay.plan import PREVIOUS
from projections.replay.statements import Connection, close_to_others, look_into, one, rows
from projections.replay.tables import REBUILT

# Below deadlock_timeout (one second by default): the swap gives up before a reader is canceled.
LOCK_TIMEOUT = "400ms"
TRIES = 25
PAUSE_S = 0.2

# Batches lock checkpoints, then the catalog, then states: the same order prevents a deadlock.
PAUSED = (
    ("projection_checkpoints", "EXCLUSIVE"),
    ("projection_catalog", "ACCESS EXCLUSIVE"),
    ("projection_states", "EXCLUSIVE"),
)
BUSY = (errors.LockNotAvailable, errors.DeadlockDetected)


def swap(conn: Connection, schema: str, *, last: Callable[[], None], after: Callable[[], None]) -> None:
    """Put the tables of `schema` in the place of the live ones.

    `last` is called once the live projectors are paused, `after` once the tables are live, both inside
    the transaction; both are called again when a lock was not available. Raises: TablesBusy.
    """

    def exchange() -> None:
        _pause_projectors(conn)
        last()
        _move(conn, schema)
        after()

    _patiently(conn, exchange)
    _check_keys(conn)


def roll_back(conn: Connection) -> list[str]:
    """Exchange the live tables with those before the last swap; returns the exchanged tables.

    Their checkpoints are exchanged too, so the live projector catches up from there. Neither set may still
    contain an erased person. Raises: NothingToRollBack, ReplayRunning, TablesBusy.
    """
    tables = _previous(conn)

    def exchange() -> None:
        if PREVIOUS in _drop_stale(conn):
            raise NothingToRollBack("the tables of before still held a person erased since: tenure replay")
        _pause_projectors(conn)
        conn.execute("CREATE SCHEMA tenure_returning")
        for table in tables:
            _set_schema(conn, PREVIOUS, table, "tenure_returning")
        _move(conn, "tenure_returning")
        _drop_stale(conn)

    _patiently(conn, exchange)
    _check_keys(conn)
    return tables


def _drop_stale(conn: AnyConnection) -> list[str]:
    is_free, dropped, _ = one(conn, "drop_stale_rebuilds")
    if not is_free:
        raise ReplayRunning
    return list(dropped)


def _patiently(conn: Connection, exchange: Callable[[], None]) -> None:
    for _ in range(TRIES):
        with suppress(*BUSY):
            with conn.transaction():
                conn.execute(sql.SQL("SET LOCAL lock_timeout = {}").format(sql.Literal(LOCK_TIMEOUT)))
                exchange()
            return
        sleep(PAUSE_S)  # endpoints and readers go on meanwhile
    raise TablesBusy(TRIES)


def _pause_projectors(conn: AnyConnection) -> None:
    for table, mode in PAUSED:
        lock = sql.SQL("LOCK TABLE {} IN {} MODE").format(sql.Identifier("public", table), sql.SQL(mode))
        conn.execute(lock)


def _move(conn: AnyConnection, schema: str) -> None:
    look_into(conn, "public")
    keys = [_Key(*row) for row in rows(conn, "replay_outside_keys", tables=list(REBUILT))]
    names = sql.SQL(", ").join(sql.Identifier("public", table) for table in REBUILT)
    conn.execute(sql.SQL("LOCK TABLE {} IN ACCESS EXCLUSIVE MODE").format(names))
    conn.execute(sql.SQL("DROP SCHEMA IF EXISTS {} CASCADE").format(sql.Identifier(PREVIOUS)))
    conn.execute(sql.SQL("CREATE SCHEMA {}").format(sql.Identifier(PREVIOUS)))
    close_to_others(conn, PREVIOUS)
    for key in keys:
        key.run(conn, "DROP CONSTRAINT {name}")
    for table in REBUILT:
        _set_schema(conn, "public", table, PREVIOUS)
        _set_schema(conn, schema, table, "public")
    conn.execute(sql.SQL("DROP SCHEMA {} CASCADE").format(sql.Identifier(schema)))
    for key in keys:
        key.run(conn, "ADD CONSTRAINT {name} {definition} NOT VALID")


def _check_keys(conn: AnyConnection) -> None:
    """Raises: psycopg.errors.ForeignKeyViolation when a row refers to a row that the log does not give."""
    for row in rows(conn, "replay_outside_keys", tables=list(REBUILT)):
        _Key(*row).run(conn, "VALIDATE CONSTRAINT {name}")


class _Key(NamedTuple):
    """A foreign key of a table that is not rebuilt."""

    schema: str
    table: str
    name: str
    definition: str

    def run(self, conn: AnyConnection, change: LiteralString) -> None:
        # The definition is text from the server's catalog, so it cannot be a parameter.
        definition = sql.SQL(self.definition)
        action = sql.SQL(change).format(name=sql.Identifier(self.name), definition=definition)
        table = sql.Identifier(self.schema, self.table)
        conn.execute(sql.SQL("ALTER TABLE {} {}").format(table, action))


def _set_schema(conn: AnyConnection, schema: str, table: str, into: str) -> None:
    move = sql.SQL("ALTER TABLE {} SET SCHEMA {}")
    conn.execute(move.format(sql.Identifier(schema, table), sql.Identifier(into)))


def _previous(conn: AnyConnection) -> list[str]:
    columns = {
        schema: rows(conn, "replay_columns", schema=schema, tables=list(REBUILT))
        for schema in ("public", PREVIOUS)
    }
    if not columns[PREVIOUS]:
        raise NothingToRollBack("no replay has swapped tables in, or its previous tables were dropped")
    if columns["public"] != columns[PREVIOUS]:
        raise NothingToRollBack("a migration has changed the tables since; run tenure replay instead")
    return list(REBUILT)
