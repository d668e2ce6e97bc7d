"""A temporary database on the same server."""

from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress

from psycopg import errors, sql
from psycopg.conninfo import make_conninfo

from cli.errors import Failure
from database.pool import Connection, connect
from events.identifiers import uuid7
from events.statements import statement

_PREFIX = "tenure_"
_PATTERN = f"^{_PREFIX}(bench|baseline)_[0-9a-f]{{12}}$"


def abandoned(conn: Connection) -> list[str]:
    """Temporary databases of killed commands: no session uses them."""
    rows = conn.execute(statement("cli", "abandoned_scratch"), {"pattern": _PATTERN}).fetchall()
    return [name for (name,) in rows]


@contextmanager
def scratch(conninfo: str, purpose: str) -> Iterator[str]:
    """The conninfo of an empty database, dropped afterwards. Raises: Failure if it can't be created."""
    name = f"{_PREFIX}{purpose}_{uuid7().hex[-12:]}"
    create = sql.SQL("CREATE DATABASE {} TEMPLATE template0").format(sql.Identifier(name))
    drop = sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name))
    with closing(connect(conninfo, application_name=f"tenure-{purpose}", autocommit=True)) as conn:
        _drop_abandoned(conn)
        try:
            conn.execute(create)
        except errors.InsufficientPrivilege:
            raise Failure("this login may not create a temporary database; use one with CREATEDB") from None
        temporary = make_conninfo(conninfo, dbname=name)
        try:
            with closing(connect(temporary, application_name=f"tenure-{purpose}", autocommit=True)):
                yield temporary  # the open connection marks it as in use
        finally:
            conn.execute(drop)


def _drop_abandoned(conn: Connection) -> None:
    for name in abandoned(conn):
        with suppress(errors.ObjectInUse, errors.InvalidCatalogName):  # another command dropped it first
            conn.execute(sql.SQL("DROP DATABASE {}").format(sql.Identifier(name)))
