"""The statements that distribute the log, as they would be run; those that ran already are left out."""

from collections.abc import Collection
from dataclasses import dataclass

from psycopg import sql

from cli.scale.layout import CALLED, COLUMN, DELEGATED, DISTRIBUTED, GOING_BETWEEN, SHARDS
from events.statements import statement
from queries.rows import AnyConnection, fetch_all, fetch_one

_LOGIN = sql.SQL(
    "-- For the nodes alone: pg_hba.conf keeps all others out, pg_dist_authinfo says how nodes prove it.\n"
    "ALTER ROLE {} LOGIN"
)


@dataclass(frozen=True, slots=True)
class Cluster:
    """What the server is, and what of the plan is done."""

    is_available: bool
    is_installed: bool
    distributed: Collection[str]
    locked_out: Collection[str] = ()  # roles that go between the nodes, and can't log in


def cluster(conn: AnyConnection) -> Cluster:
    """The server as it stands."""
    row = fetch_one(conn, statement("cli.scale", "citus_standing"), {})
    assert row is not None  # always one row
    found = fetch_all(conn, statement("cli.scale", "distributed_already"), {}) if row["is_installed"] else []
    by_part = {each["name"] for each in found if each["distributed_by"] == COLUMN}
    asked = {"roles": list(GOING_BETWEEN)}
    locked_out = [
        each["name"] for each in fetch_all(conn, statement("cli.scale", "roles_without_login"), asked)
    ]
    return Cluster(row["is_available"], row["is_installed"], by_part, locked_out)


def steps(conn: AnyConnection, now: Cluster) -> list[sql.Composed]:
    """What is left to do, in order; empty when nothing is."""
    first = next(iter(DISTRIBUTED))
    todo = [table for table in DISTRIBUTED if table not in now.distributed]
    logins = [_LOGIN.format(sql.Identifier(role)) for role in now.locked_out]
    if not todo:
        return logins
    made = [sql.SQL("CREATE EXTENSION citus").format()] if not now.is_installed else []
    made += logins
    # The log's guards are triggers; they look at their own row alone, so they hold on every node.
    made.append(sql.SQL("SET citus.enable_unsafe_triggers = on").format())
    made += [_distributed(table, None if table == first else first) for table in todo]
    made += [_known(conn, name) for name in CALLED]
    return made + [_delegated(conn, name, argument, first) for name, argument in DELEGATED.items()]


def _distributed(table: str, beside: str | None) -> sql.Composed:
    if beside is None:
        query = sql.SQL("SELECT create_distributed_table({}, {}, shard_count => {})")
        return query.format(sql.Literal(table), sql.Literal(COLUMN), sql.Literal(SHARDS))
    query = sql.SQL("SELECT create_distributed_table({}, {}, colocate_with => {})")
    return query.format(sql.Literal(table), sql.Literal(COLUMN), sql.Literal(beside))


def _known(conn: AnyConnection, name: str) -> sql.Composed:
    (found,) = fetch_all(conn, statement("cli.scale", "functions"), {"name": name})
    return sql.SQL("SELECT create_distributed_function({})").format(sql.Literal(found["signature"]))


def _delegated(conn: AnyConnection, name: str, argument: str, beside: str) -> sql.Composed:
    (found,) = fetch_all(conn, statement("cli.scale", "functions"), {"name": name})
    query = sql.SQL("SELECT create_distributed_function({}, {}, colocate_with => {})")
    return query.format(sql.Literal(found["signature"]), sql.Literal(argument), sql.Literal(beside))
