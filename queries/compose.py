"""Queries put together from named SQL files; values are always parameters, never text."""

from collections.abc import Sequence

from psycopg.sql import SQL, Composed

from events.statements import statement


def compose(*opening: str, where: Sequence[str] = (), closing: Sequence[str] = ()) -> Composed:
    """`opening`, `where` joined with AND, `closing`: each a file of queries/sql."""
    parts = [fragment(name) for name in opening]
    for index, name in enumerate(where):
        parts += [SQL("AND" if index else "WHERE"), fragment(name)]
    parts += [fragment(name) for name in closing]
    return SQL("\n").join(parts)


def fragment(name: str) -> SQL:
    """One file of queries/sql."""
    return SQL(statement("queries", name).decode())
