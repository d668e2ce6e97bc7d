"""PostgreSQL's statistics: tables, indexes, caches, slow queries."""

import re
from dataclasses import dataclass

import psycopg
from psycopg import sql

from database.migration_files import read
from database.pool import Connection
from events.statements import Row, statement
from queries.rows import fetch_all, fetch_one

SLOWEST = 10
MANIFEST = "migration_manifest"
NOT_INSTALLED = (
    "pg_stat_statements is not installed here: add it to shared_preload_libraries and run CREATE EXTENSION "
    "pg_stat_statements (on Supabase: Database, Extensions); the embedded server does not have it"
)


@dataclass(frozen=True, slots=True)
class SlowQueries:
    """The queries with the highest total time, or why they are not available."""

    rows: list[Row]
    why_not: str | None


def database(conn: Connection) -> Row:
    """One row about the whole database."""
    return fetch_one(conn, statement("cli.db", "database"), {}) or {}


def tables(conn: Connection) -> list[Row]:
    """The largest first."""
    return fetch_all(conn, statement("cli.db", "tables"), {})


def indexes(conn: Connection) -> list[Row]:
    """The largest first."""
    return fetch_all(conn, statement("cli.db", "indexes"), {})


def slow_queries(conn: Connection) -> SlowQueries:
    """The slowest queries by total time."""
    extension = fetch_one(conn, statement("cli.db", "has_statements"), {})
    if extension is None:
        return SlowQueries([], NOT_INSTALLED)
    query = sql.SQL(statement("cli.db", "slow_queries").decode()).format(
        statements=sql.Identifier(extension["schema"], "pg_stat_statements")
    )
    try:
        with conn.transaction():
            return SlowQueries(fetch_all(conn, query, {"limit": SLOWEST}), None)
    except psycopg.Error as problem:
        return SlowQueries([], f"pg_stat_statements can't be read: {str(problem).splitlines()[0]}")


@dataclass(frozen=True, slots=True)
class Advice:
    """One advice about one index. `sql` applies it; only `missing` and `invalid` ones are ever applied."""

    kind: str
    index: str
    table: str
    why: str
    sql: str
    bytes: int = 0


def advice(conn: Connection) -> list[Advice]:
    """Missing, invalid, doubled and unused indexes."""
    rows = indexes(conn)
    names = {row["index"] for row in rows if row["is_valid"]}
    return [
        *_missing(names, rows),
        *_unindexed_keys(conn),
        *_doubled(rows),
        *_unused(rows),
    ]


def expected_indexes() -> dict[str, tuple[str, str]]:
    """Every index the migrations create: name to (table, statement)."""
    expected: dict[str, tuple[str, str]] = {}
    for one in read():
        text = one.body.decode()
        for unique, name, rest in re.findall(
            r"^CREATE (UNIQUE )?INDEX (?:CONCURRENTLY )?(\w+) (ON [^;]+);", text, re.MULTILINE
        ):
            flat = " ".join(rest.split())
            expected[name] = (flat.split()[1], f"CREATE {unique}INDEX CONCURRENTLY {name} {flat}")
        for name in re.findall(r"^DROP INDEX (?:IF EXISTS )?(\w+)", text, re.MULTILINE):
            expected.pop(name, None)
    return expected


def _missing(names: set[str], rows: list[Row]) -> list[Advice]:
    invalid = {row["index"] for row in rows if not row["is_valid"]}
    return [
        Advice(
            "invalid" if name in invalid else "missing",
            name,
            table,
            "a listed query needs it" if name not in invalid else "its creation was interrupted",
            create,
        )
        for name, (table, create) in expected_indexes().items()
        if name not in names
    ]


def _unindexed_keys(conn: Connection) -> list[Advice]:
    rows = fetch_all(conn, statement("cli.db", "unindexed_keys"), {})
    advices = []
    for row in rows:
        name = f"{row['table']}_{'_'.join(row['columns'])}_fkey_idx"[:63]
        create = sql.SQL("CREATE INDEX CONCURRENTLY {} ON {} ({})").format(
            sql.Identifier(name),
            sql.Identifier(row["table"]),
            sql.SQL(", ").join(map(sql.Identifier, row["columns"])),
        )
        why = f"foreign key {row['constraint']}: deleting a parent reads the whole table"
        advices.append(Advice("missing", name, row["table"], why, create.as_string(conn)))
    return advices


def _doubled(rows: list[Row]) -> list[Advice]:
    """Indexes that are a prefix of another one with the same method; neither is partial."""
    plain = [row for row in rows if not row["is_partial"] and "(expression)" not in row["columns"]]
    return [
        Advice(
            "doubled",
            row["index"],
            row["table"],
            f"{other['index']} begins with it",
            _drop(row),
            row["bytes"],
        )
        for row in plain
        for other in plain
        if row is not other
        and not row["is_unique"]
        and (row["table"], row["method"]) == (other["table"], other["method"])
        and row["method"] == "btree"
        and _begins(other, row)
    ]


def _begins(longer: Row, shorter: Row) -> bool:
    """Whether `longer` begins with the columns of `shorter`, in the same order and direction."""
    count = len(shorter["columns"])
    if len(longer["columns"]) <= count:
        return False
    keys = [_keys(row["definition"]) for row in (longer, shorter)]
    return keys[0][:count] == keys[1]


def _keys(definition: str) -> list[str]:
    _, _, inside = definition.partition(" (")
    return [key.strip() for key in inside.rpartition(")")[0].split(",")]


def _unused(rows: list[Row]) -> list[Advice]:
    return [
        Advice(
            "unused",
            row["index"],
            row["table"],
            "never used since statistics began; a standby or a rare query may use it",
            _drop(row),
            row["bytes"],
        )
        for row in rows
        if not (row["scans"] or row["is_unique"] or row["is_constraint"]) and row["table"] != MANIFEST
    ]


def _drop(row: Row) -> str:
    return sql.SQL("DROP INDEX CONCURRENTLY {}").format(sql.Identifier(row["index"])).as_string(None)
