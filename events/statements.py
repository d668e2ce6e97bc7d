"""SQL files by name: `statement("events", "append_event")` reads events/sql/append_event.sql."""

from functools import cache
from importlib.resources import files


@cache
def statement(package: str, name: str) -> bytes:
    """The text of one SQL file; bytes, since psycopg takes only literal strings as queries."""
    return files(package).joinpath("sql", f"{name}.sql").read_bytes()
