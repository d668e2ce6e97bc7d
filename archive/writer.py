"""Write an archive: every row of some tables, of one snapshot."""

from collections.abc import Callable, Iterable
from gzip import GzipFile
from pathlib import Path
from typing import IO

from archive.errors import ArchiveRefused
from archive.format import Writer, new_file
from archive.signature import Sign, unsigned
from archive.tables import columns_of, rows_of
from database.pool import Connection, connect
from events.clock import utc_now
from events.statements import statement
from queries.instants import iso

EVERY = 500


def write_archive(
    conninfo: str,
    out: Path | None,
    tables: Iterable[str],
    *,
    kind: str,
    extra: dict[str, object],
    on_progress: Callable[[int], None] = lambda _: None,
    sign: Sign = unsigned,
) -> dict[str, int]:
    """Rows by table, written to the file or stdout; `on_progress` receives the number of rows so far.

    Raises: ArchiveRefused.
    """
    with connect(conninfo, application_name="tenure-archive") as conn:
        conn.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
        refuse_blind(conn)
        columns = {table: columns_of(conn, table) for table in tables}
        with new_file(out) as file:
            return _write(conn, file, columns, {"kind": kind, **described(conn), **extra}, on_progress, sign)


def described(conn: Connection) -> dict[str, object]:
    """Header fields: when it was made, from which server, events and migrations."""
    migrations = conn.execute(statement("database", "applied_migrations")).fetchall()
    heads = conn.execute(statement("archive", "read_heads")).fetchall()
    return {
        "made_at": iso(utc_now()),
        "server_version": conn.info.server_version,
        "events": sum(head for _, head in heads),
        "migrations": {name: sha256 for name, _, sha256, _ in migrations},
    }


def refuse_blind(conn: Connection) -> None:
    """Refuse a login for which row-level security hides rows. Raises: ArchiveRefused."""
    row = conn.execute(statement("archive", "may_write_log")).fetchone()
    if row is None or not row[0]:
        raise ArchiveRefused(
            "expected the login that owns the tables, found one without its rights; "
            "DATABASE_URL must be the one migrations run with"
        )


def _write(
    conn: Connection,
    file: IO[bytes] | GzipFile,
    columns: dict[str, list[str]],
    header: dict[str, object],
    on_progress: Callable[[int], None],
    sign: Sign,
) -> dict[str, int]:
    writer = Writer(file, columns)
    writer.begin(header)
    done = 0
    for table, names in columns.items():
        for cells in rows_of(conn, table, names):
            writer.row(table, cells)
            done += 1
            if done % EVERY == 0:
                on_progress(done)
    writer.close(sign)
    on_progress(done)
    return writer.rows
