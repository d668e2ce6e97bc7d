"""Snapshot of a schema, to compare two databases."""

import psycopg
from psycopg.rows import TupleRow

from events.statements import statement

Snapshot = dict[str, str]


def snapshot(conn: psycopg.Connection[TupleRow]) -> Snapshot:
    """`kind name` → definition of every table, column, index, constraint, trigger, policy,
    function, grant and comment in the current schema."""
    rows = conn.execute(statement("database", "schema_snapshot")).fetchall()
    return {f"{kind} {name}": definition for kind, name, definition in rows}


def differences(expected: Snapshot, actual: Snapshot) -> list[str]:
    """One line for each object that is missing, extra or different."""
    lines = []
    for name in sorted(expected.keys() | actual.keys()):
        if name not in actual:
            lines.append(f"{name} is missing")
        elif name not in expected:
            lines.append(f"{name} is extra")
        elif expected[name] != actual[name]:
            lines.append(f"{name}: expected {expected[name]!r}, found {actual[name]!r}")
    return lines
