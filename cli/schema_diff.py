"""Differences between an existing schema and the migrations', column by column, each with its fix."""

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
    """One difference in one table. `mend` is a statement or an instruction."""

    table: str
    what: str
    expected: str
    found: str
    mend: str


def differing(expected: Snapshot, actual: Snapshot) -> list[Differing]:
    """Missing and different objects, columns first; objects of a missing table are omitted.

    Rights are not compared: adopting the schema grants the listed ones.
    """
    differences = [
        _difference(name, definition, actual.get(name))
        for name, definition in expected.items()
        if actual.get(name) != definition
        and not name.startswith("grant ")
        and not name.endswith("_not_null")  # its column shows the same difference
    ]
    gone = {one.table for one in differences if one.what == "table"}
    kept = [one for one in differences if one.what == "table" or one.table not in gone]
    return sorted(
        kept, key=lambda one: (one.what != "table", not one.what.startswith("column"), one.table, one.what)
    )


def summary(differences: list[Differing]) -> str:
    """The differences in one line."""
    columns = sum(one.what.startswith("column") for one in differences)
    tables = sum(one.what == "table" for one in differences)
    first = next((one for one in differences if one.what.startswith("column")), differences[0])
    others = counted(len(differences) - tables - columns, "other object")
    return (
        f"the schema differs from the migrations': {counted(tables, 'table is', 'tables are')} missing, "
        f"{counted(columns, 'column')} and {others} differ, first {_first(first)}. Nothing was marked. "
        "Fix them, or set the tables aside: tenure migrate baseline --set-aside legacy"
    )


def set_aside(conninfo: str, schema: str) -> list[str]:
    """Move tables whose names Tenure needs, with rows, indexes and rights; returns their names.

    Raises: Failure when migrations have run here already.
    """
    with closing(connect(conninfo, application_name="tenure-baseline")) as conn:
        row = conn.execute("SELECT to_regclass('migration_manifest') IS NOT NULL").fetchone()
        if row is not None and row[0] and conn.execute("SELECT 1 FROM migration_manifest LIMIT 1").fetchone():
            raise Failure(
                "migrations have run here already, so its tables are Tenure's own; nothing was moved"
            )
        tables = conn.execute(statement("archive", "tables_present"), {"tables": list(ours())}).fetchall()
        conn.execute(sql.SQL("CREATE SCHEMA IF NOT EXISTS {}").format(sql.Identifier(schema)))
        for (table,) in tables:
            move = sql.SQL("ALTER TABLE {} SET SCHEMA {}")
            conn.execute(move.format(sql.Identifier(table), sql.Identifier(schema)))
        conn.commit()
    return [table for (table,) in tables]


def _first(one: Differing) -> str:
    what = one.what if one.table in one.what else f"{one.table} {one.what}"
    if one.found == "missing":
        return f"{what} is missing"
    return f"{what}: expected {one.expected}, found {one.found}"


def _difference(name: str, expected: str, actual: str | None) -> Differing:
    kind, _, place = name.partition(" ")
    table, _, inside = place.partition(".")
    if kind == "table" and actual is None:
        return Differing(table, "table", "there", "missing", "tenure migrate up creates it")
    if kind == "column":
        return _column(table, inside, expected, actual)
    what = f"{kind} {inside}".strip() if inside else f"{kind} {table}"
    return Differing(table, what, expected[:_LONGEST], (actual or "missing")[:_LONGEST], "")


def _column(table: str, column: str, expected: str, actual: str | None) -> Differing:
    if actual is None:
        mend = "ALTER TABLE … ADD COLUMN, as the migration has it"
        return Differing(table, f"column {column}", "there", "missing", mend)
    target, there = _COLUMN.fullmatch(expected), _COLUMN.fullmatch(actual)
    if target is None or there is None:
        return Differing(table, f"column {column}", expected, actual, "")
    if _form(target) == _form(there):
        mend = (
            "columns are in another order; recreate the table"
            if target["storage"] == there["storage"]
            else ""
        )
        return Differing(table, f"column {column}", f"place and storage {expected[:20]}", actual[:20], mend)
    return Differing(
        table, f"column {column}", _form(target), _form(there), _mend(table, column, target, there)
    )


def _form(column: re.Match[str]) -> str:
    default = f" default {column['default']}" if column["default"] else ""
    return f"{column['type']}{column['required'] or ''}{default}"


def _mend(table: str, column: str, target: re.Match[str], there: re.Match[str]) -> str:
    steps = []
    if target["type"] != there["type"]:
        how = f" USING {column} AT TIME ZONE 'UTC'" if there["type"].startswith("timestamp") else ""
        steps.append(f"ALTER {column} TYPE {target['type']}{how}")
    if target["required"] != there["required"]:
        steps.append(f"ALTER {column} {'SET' if target['required'] else 'DROP'} NOT NULL")
    if target["default"] != there["default"]:
        steps.append(
            f"ALTER {column} " + (f"SET DEFAULT {target['default']}" if target["default"] else "DROP DEFAULT")
        )
    return f"ALTER TABLE {table} {', '.join(steps)}"
