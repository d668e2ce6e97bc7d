"""The statements that distribute the log; those already executed are omitted."""

from collections.abc import Collection
from dataclasses import dataclass

from psycopg import sql

from cli.scale.layout import CALLED, COLUMN, DELEGATED, DISTRIBUTED, GOING_BETWEEN, SHARDS
from events.statements import AnyConnection, statement
from queries.rows import fetch_all, fetch_one

_LOGIN = sql.SQL(
    "-- For the nodes only: pg_hba.conf rejects all others, pg_dist_authinfo holds the nodes' credentials.\n"
    "ALTER ROLE {} LOGIN"
)


@dataclass(frozen=True, slots=True)
class Cluster:
    """State of the server, and which steps of the plan are done."""

    is_available: bool
    is_installed: bool
    distributed: Collection[str]
    locked_out: Collection[str] = ()  # roles that connect between the nodes, and can't log in


def cluster(conn: AnyConnection) -> Cluster:
    """The current state of the server."""
    row = fetch_one(conn, statement("cli.scale", "citus_standing"), {})
    assert row is not None  # always one row
    tables = fetch_all(conn, statement("cli.scale", "distributed_already"), {}) if row["is_installed"] else []
    by_part = {table["name"] for table in tables if table["distributed_by"] == COLUMN}
    params = {"roles": list(GOING_BETWEEN)}
    locked_out = [
        table["name"] for table in fetch_all(conn, statement("cli.scale", "roles_without_login"), params)
    ]
    return Cluster(row["is_available"], row["is_installed"], by_part, locked_out)


def steps(conn: AnyConnection, now: Cluster) -> list[sql.Composed]:
    """The remaining statements, in order; empty if there are none."""
    first = next(iter(DISTRIBUTED))
    todo = [table for table in DISTRIBUTED if table not in now.distributed]
    logins = [_LOGIN.format(sql.Identifier(role)) for role in now.locked_out]
    if not todo:
        return logins
    statements = [sql.SQL("CREATE EXTENSION citus").format()] if not now.is_installed else []
    statements += logins
    # The log's guards are triggers that read only their own row, so they work on every node.
    statements.append(sql.SQL("SET citus.enable_unsafe_triggers = on").format())
    statements += [_distributed(table, None if table == first else first) for table in todo]
    statements += [_on_every_node(conn, name) for name in CALLED]
    return statements + [_delegated(conn, name, argument, first) for name, argument in DELEGATED.items()]


def _distributed(table: str, beside: str | None) -> sql.Composed:
    if beside is None:
        query = sql.SQL("SELECT create_distributed_table({}, {}, shard_count => {})")
        return query.format(sql.Literal(table), sql.Literal(COLUMN), sql.Literal(SHARDS))
    query = sql.SQL("SELECT create_distributed_table({}, {}, colocate_with => {})")
    return query.format(sql.Literal(table), sql.Literal(COLUMN), sql.Literal(beside))


def _on_every_node(conn: AnyConnection, name: str) -> sql.Composed:
    (function,) = fetch_all(conn, statement("cli.scale", "functions"), {"name": name})
    return sql.SQL("SELECT create_distributed_function({})").format(sql.Literal(function["signature"]))


def _delegated(conn: AnyConnection, name: str, argument: str, beside: str) -> sql.Composed:
    (function,) = fetch_all(conn, statement("cli.scale", "functions"), {"name": name})
    query = sql.SQL("SELECT create_distributed_function({}, {}, colocate_with => {})")
    return query.format(sql.Literal(function["signature"]), sql.Literal(argument), sql.Literal(beside))
