"""Statements with optional conditions: a whole statement from a file, conditions from a dictionary.

Values are always parameters, never text.
"""

from collections.abc import Sequence

from psycopg.sql import SQL, Composable, Composed

from events.statements import statement

NOTHING = SQL("")


def whole(name: str, **parts: Composable) -> Composable:
    """The statement of that name; `parts` fill its placeholders in braces."""
    text = SQL(statement("queries", name).decode())
    return text.format(**parts) if parts else text


def compose(opening: Composable, where: Sequence[Composable] = (), closing: Composable = NOTHING) -> Composed:
    """`opening`, the conditions of `where` joined with AND, `closing`."""
    condition = SQL("WHERE ") + SQL("\n   AND ").join(where) if where else NOTHING
    return SQL("\n").join([opening, condition, closing])


def explained(query: Composable) -> Composed:
    """The plan of a query as JSON."""
    return SQL("EXPLAIN (FORMAT JSON) ") + query
