"""What a schema is made of, as something two databases can be compared by."""

import psycopg
from psycopg.rows import TupleRow

from events.statements import statement

Snapshot = dict[str, str]


def snapshot(conn: psycopg.Connection[TupleRow]) -> Snapshot:
    """`kind name` → definition of every table, column, index, constraint, trigger, policy,
    function, grant and comment in the current schema."""
    rows = conn.execute(statement("database", "schema_snapshot")).fetchall()
    return {f"{kind} {name}": definition for kind, name, definition in rows}


def differences(expected: Snapshot, found: Snapshot) -> list[str]:
    """One line for each thing that is missing, extra or made differently."""
    lines = []
    for name in sorted(expected.keys() | found.keys()):
        if name not in found:
            lines.append(f"{name} is missing")
        elif name not in expected:
            lines.append(f"{name} is extra")
        elif expected[name] != found[name]:
            lines.append(f"{name}: expected {expected[name]!r}, found {found[name]!r}")
    return lines
