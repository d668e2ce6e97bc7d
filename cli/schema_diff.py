"""What differs between a schema made by hand and the migrations', column by column, and what mends it."""

import re
from contextlib import closing
from dataclasses import dataclass

from psycopg import sql

from archive.tables import ours
from cli.errors import Failure
from database.pool import connect
from database.schema import Snapshot
from events.statements import statement
from queries.pluralize import counted

COLUMNS = ("table", "what", "expected", "found", "mend")
_COLUMN = re.compile(r"\d+ (?P<type>.+?)(?P<required> NOT NULL)? (?P<storage>[pxem])(?: (?P<default>.*))?")
_LONGEST = 60


@dataclass(frozen=True, slots=True)
class Differing:
    """One thing of one table. `mend` is a statement, or what to do."""

    table: str
    what: str
    expected: str
    found: str
    mend: str


def differing(expected: Snapshot, found: Snapshot) -> list[Differing]:
    """What is missing or made differently, columns first; not what hangs on a missing table.

    Rights do not count: adopting the schema gives those listed.
    """
    told = [
        _told(name, definition, found.get(name))
        for name, definition in expected.items()
        if found.get(name) != definition
        and not name.startswith("grant ")
        and not name.endswith("_not_null")  # its column says the same
    ]
    gone = {one.table for one in told if one.what == "table"}
    kept = [one for one in told if one.what == "table" or one.table not in gone]
    return sorted(
        kept, key=lambda one: (one.what != "table", not one.what.startswith("column"), one.table, one.what)
    )


def summary(told: list[Differing]) -> str:
    """One line."""
    columns = sum(one.what.startswith("column") for one in told)
    tables = sum(one.what == "table" for one in told)
    first = next((one for one in told if one.what.startswith("column")), told[0])
    others = counted(len(told) - tables - columns, "other thing")
    return (
        f"the schema is not what the migrations make: {counted(tables, 'table is', 'tables are')} missing, "
        f"{counted(columns, 'column')} and {others} differ, first {_first(first)}. Nothing was marked. "
        "Mend them, or set the tables aside: tenure migrate baseline --set-aside legacy"
    )


def set_aside(conninfo: str, schema: str) -> list[str]:
    """Move the tables that stand where ours will, with rows, indexes and rights; their names.

    Raises: Failure when migrations have run here already.
    """
    with closing(connect(conninfo, application_name="tenure-baseline")) as conn:
        row = conn.execute("SELECT to_regclass('migration_manifest') IS NOT NULL").fetchone()
        if row is not None and row[0] and conn.execute("SELECT 1 FROM migration_manifest LIMIT 1").fetchone():
            raise Failure(
                "migrations have run here already, so its tables are Tenure's own; nothing was moved"
            )
        found = conn.execute(statement("archive", "tables_present"), {"tables": list(ours())}).fetchall()
        conn.execute(sql.SQL("CREATE SCHEMA IF NOT EXISTS {}").format(sql.Identifier(schema)))
        for (table,) in found:
            move = sql.SQL("ALTER TABLE {} SET SCHEMA {}")
            conn.execute(move.format(sql.Identifier(table), sql.Identifier(schema)))
        conn.commit()
    return [table for (table,) in found]


def _first(one: Differing) -> str:
    what = one.what if one.table in one.what else f"{one.table} {one.what}"
    if one.found == "missing":
        return f"{what} is missing"
    return f"{what}: expected {one.expected}, found {one.found}"


def _told(name: str, expected: str, found: str | None) -> Differing:
    kind, _, place = name.partition(" ")
    table, _, inside = place.partition(".")
    if kind == "table" and found is None:
        return Differing(table, "table", "there", "missing", "tenure migrate up makes it")
    if kind == "column":
        return _column(table, inside, expected, found)
    what = f"{kind} {inside}".strip() if inside else f"{kind} {table}"
    return Differing(table, what, expected[:_LONGEST], (found or "missing")[:_LONGEST], "")


def _column(table: str, column: str, expected: str, found: str | None) -> Differing:
    if found is None:
        mend = "ALTER TABLE … ADD COLUMN, as the migration has it"
        return Differing(table, f"column {column}", "there", "missing", mend)
    wanted, there = _COLUMN.fullmatch(expected), _COLUMN.fullmatch(found)
    if wanted is None or there is None:
        return Differing(table, f"column {column}", expected, found, "")
    if _form(wanted) == _form(there):
        mend = (
            "columns stand in another order; make the table anew"
            if wanted["storage"] == there["storage"]
            else ""
        )
        return Differing(table, f"column {column}", f"place and storage {expected[:20]}", found[:20], mend)
    return Differing(
        table, f"column {column}", _form(wanted), _form(there), _mend(table, column, wanted, there)
    )


def _form(column: re.Match[str]) -> str:
    default = f" default {column['default']}" if column["default"] else ""
    return f"{column['type']}{column['required'] or ''}{default}"


def _mend(table: str, column: str, wanted: re.Match[str], there: re.Match[str]) -> str:
    steps = []
    if wanted["type"] != there["type"]:
        how = f" USING {column} AT TIME ZONE 'UTC'" if there["type"].startswith("timestamp") else ""
        steps.append(f"ALTER {column} TYPE {wanted['type']}{how}")
    if wanted["required"] != there["required"]:
        steps.append(f"ALTER {column} {'SET' if wanted['required'] else 'DROP'} NOT NULL")
    if wanted["default"] != there["default"]:
        steps.append(
            f"ALTER {column} " + (f"SET DEFAULT {wanted['default']}" if wanted["default"] else "DROP DEFAULT")
        )
    return f"ALTER TABLE {table} {', '.join(steps)}"
