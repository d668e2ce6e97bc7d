"""SQL statements by name: each `.sql` file of a package holds those of the module beside it.

Modules with one or two statements have them in the file that is named like their package.
"""

import re
from datetime import UTC, datetime
from functools import cache
from importlib.resources import files
from typing import Any

from psycopg import Connection

AnyConnection = Connection[Any]  # Any: whatever row factory the caller uses
Row = dict[str, Any]  # Any: a column's type is the table's

_NAME = re.compile(rb"^-- name: ([a-z0-9_]{1,60})\n", re.MULTILINE)


def statement(package: str, name: str) -> bytes:
    """The statement of that name; bytes, since psycopg takes only literal strings as queries.

    Raises: KeyError when no file of the package has it.
    """
    return statements(package)[name]


@cache
def statements(package: str) -> dict[str, bytes]:
    """All statements of a package. Raises: ValueError when two have one name."""
    by_name: dict[str, bytes] = {}
    for path in sorted(files(package).iterdir(), key=lambda path: path.name):
        if path.name.endswith(".sql"):
            _, *parts = _NAME.split(path.read_bytes())
            for name, text in zip(parts[::2], parts[1::2], strict=True):
                if name.decode() in by_name:
                    raise ValueError(f"{package}: two statements are named {name.decode()}")
                by_name[name.decode()] = text
    return by_name


def in_utc(row: Row) -> Row:
    """The row with its instants in UTC."""
    return {
        name: value.astimezone(UTC) if isinstance(value, datetime) else value for name, value in row.items()
    }
