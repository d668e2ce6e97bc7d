"""A database made for the moment on the same server."""

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
    """Databases for the moment whose command was killed: no session uses them."""
    rows = conn.execute(statement("cli", "abandoned_scratch"), {"pattern": _PATTERN}).fetchall()
    return [name for (name,) in rows]


@contextmanager
def scratch(conninfo: str, purpose: str) -> Iterator[str]:
    """How to reach an empty database that is gone afterwards. Raises: Failure when none may be made."""
    name = f"{_PREFIX}{purpose}_{uuid7().hex[-12:]}"
    create = sql.SQL("CREATE DATABASE {} TEMPLATE template0").format(sql.Identifier(name))
    drop = sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name))
    with closing(connect(conninfo, application_name=f"tenure-{purpose}", autocommit=True)) as conn:
        _drop_abandoned(conn)
        try:
            conn.execute(create)
        except errors.InsufficientPrivilege:
            raise Failure(
                "this login may not make a database for the moment; use one that may (CREATEDB)"
            ) from None
        made = make_conninfo(conninfo, dbname=name)
        try:
            with closing(connect(made, application_name=f"tenure-{purpose}", autocommit=True)):
                yield made  # while we are connected it is not abandoned
        finally:
            conn.execute(drop)


def _drop_abandoned(conn: Connection) -> None:
    for name in abandoned(conn):
        with suppress(errors.ObjectInUse, errors.InvalidCatalogName):  # another command was as quick
            conn.execute(sql.SQL("DROP DATABASE {}").format(sql.Identifier(name)))
