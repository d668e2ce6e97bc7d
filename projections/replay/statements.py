"""Running this package's statements by name, in the connection's schema."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import psycopg
from psycopg import sql
from psycopg.rows import TupleRow, tuple_row

from events.statements import AnyConnection, statement

Connection = psycopg.Connection[TupleRow]


@contextmanager
def session(conninfo: str, schema: str | None = None) -> Iterator[Connection]:
    """A new connection in autocommit; `schema` is searched first for projected tables.

    Times are in UTC, and statements have no timeout: a replay may take long.
    """
    with psycopg.connect(conninfo, autocommit=True, application_name="tenure-replay") as conn:
        conn.execute("SET timezone = 'UTC'; SET statement_timeout = 0; SET client_min_messages = 'warning'")
        conn.execute("SET client_connection_check_interval = '2s'")  # a killed replay's statements end too
        if schema is not None:
            look_into(conn, schema)
        yield conn


def look_into(conn: AnyConnection, schema: str) -> None:
    """Resolve projected tables to those of `schema`; the log stays in public."""
    conn.execute(sql.SQL("SET search_path = {}, public").format(sql.Identifier(schema)))


def rows(conn: AnyConnection, name: str, **parameters: object) -> list[tuple[Any, ...]]:  # Any: columns
    with conn.cursor(row_factory=tuple_row) as cursor:
        return cursor.execute(statement("projections", name), parameters).fetchall()


def one(conn: AnyConnection, name: str, **parameters: object) -> tuple[Any, ...]:  # Any: columns
    """The only row. The statement always has one."""
    matches = rows(conn, name, **parameters)
    assert len(matches) == 1
    return matches[0]


def do(conn: AnyConnection, name: str, **parameters: object) -> None:
    conn.execute(statement("projections", name), parameters)


def close_to_others(conn: AnyConnection, schema: str) -> None:
    """Revoke the default privileges of other roles on a new schema and its tables."""
    for (definition,) in rows(conn, "replay_close", schema=schema):
        conn.execute(definition.encode())


def count(conn: AnyConnection, table: str) -> int:
    """How many rows a table has."""
    query = sql.SQL("SELECT count(*) FROM {}").format(sql.Identifier(table))
    with conn.cursor(row_factory=tuple_row) as cursor:
        row = cursor.execute(query).fetchone()
    assert row is not None  # an aggregate always returns a row
    return int(row[0])
