"""Restore a backup into an empty database: create its schema, then load its rows."""

from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass
from functools import partial
from hashlib import sha256
from pathlib import Path
from typing import Any

from psycopg import errors, sql

from archive.dump import MAGIC, checksum_of, load_dump, read_trailer
from archive.errors import ArchiveRefused
from archive.format import GZIP, Cells, reading
from archive.log_import import by_table, check_log, put_rows
from archive.pg_tools import find
from archive.tables import as_text, kept, ours
from archive.validate_log import LogCounts
from database import migrations, restore_marker
from database.migration_files import MigrationFile, read
from database.pool import Connection, connect, place
from events.statements import statement

OnProgress = Callable[[str, int], None]
Facts = dict[str, Any]  # Any: JSON values


@dataclass(frozen=True)
class Backup:
    """A file that was checked completely. `portable`: rows as text, without tables that replay builds.

    `signature` is the note that signs `checksum`; it is not checked yet.
    """

    path: Path
    portable: bool
    facts: Facts
    checksum: str
    signature: str | None

    @property
    def sha256(self) -> str:
        return str(self.facts["sha256"])

    @property
    def events(self) -> int:
        return int(self.facts["events"])


def read_backup(path: Path, *, on_progress: OnProgress) -> Backup:
    """Check a backup file. Raises: Damaged, ArchiveRefused; nothing is changed."""
    try:
        with path.open("rb") as file:
            opening = file.read(len(MAGIC))
    except OSError as problem:
        raise ArchiveRefused(f"{path} can't be read: {problem.strerror}") from None
    if opening == MAGIC:
        trailer = read_trailer(path, on_progress=partial(on_progress, "checking"))
        return Backup(path, False, trailer, checksum_of(trailer), trailer.get("signature"))
    if not opening.startswith((GZIP, b"{")):
        raise ArchiveRefused(f"{path} is not a backup: expected a file that `tenure backup` wrote")
    checked = check_log(path, on_progress=on_progress)
    with reading(path) as archive:
        header = archive.header
    if header.get("kind") != "backup":
        raise ArchiveRefused(f"{path} is an exported log; import it with: tenure events import {path}")
    facts = header | {"events": checked.events, "sha256": _identity(checked)}
    return Backup(path, True, facts, checked.checksum, checked.signature)


def restore(conninfo: str, backup: Backup, *, on_progress: OnProgress, report: Callable[[str], None]) -> None:
    """Load the schema and every row, marked as unfinished until `mark.end`. Raises: ArchiveRefused.

    After a kill, the same file resumes the restore.
    """
    program = None if backup.portable else _pg_restore(conninfo, backup)
    with closing(connect(restore_marker.writing(conninfo), application_name=restore_marker.SESSION)) as conn:
        mark = restore_marker.read_mark(conn)
        if mark is None:
            _refuse_taken(conn, conninfo)
            files = backup_migrations(backup)
            restore_marker.begin(conn, backup.path.name, backup.sha256)
            conn.commit()
        elif mark.sha256 != backup.sha256:
            raise ArchiveRefused(mark.message())
        elif mark.phase != restore_marker.BEGUN:
            report(f"its rows are loaded already by a restore that did not finish: {mark.phase}")
            return
        else:
            files = backup_migrations(backup)
    _fill(restore_marker.writing(conninfo), backup, files, program, on_progress=on_progress, report=report)


def _fill(
    conninfo: str,
    backup: Backup,
    files: list[MigrationFile],
    program: Path | None,
    *,
    on_progress: OnProgress,
    report: Callable[[str], None],
) -> None:
    """Create the schema, then load the rows in one transaction: if one event is present, all are."""
    migrations.up(conninfo, target=files[-1].name, report=report)
    if _has_events(conninfo):
        report("its rows are loaded already by a restore that was stopped near its end")
    else:
        _empty(conninfo)
        if program is None:
            _load_text(conninfo, backup.path, on_progress)
        else:
            load_dump(conninfo, backup.path, program)
    restore_marker.move_on(conninfo, restore_marker.LOADED)


def backup_migrations(backup: Backup) -> list[MigrationFile]:
    """The migrations of the backup's database. Raises: ArchiveRefused if they differ from this release's."""
    listed: dict[str, str | None] = backup.facts["migrations"]
    here = {one.name: one for one in read()}
    unknown = sorted(listed.keys() - here.keys())
    if unknown:
        raise ArchiveRefused(
            f"the backup has {', '.join(unknown)}, which this release lacks; use the release that wrote it"
        )
    edited = [name for name, sha256 in listed.items() if sha256 not in (None, here[name].sha256)]
    skipped = [name for name in here if name < max(listed, default="") and name not in listed]
    if edited or skipped or not listed:
        named = ", ".join(edited + skipped) or "none"
        raise ArchiveRefused(f"the backup's migrations differ from this release's: {named}")
    return [here[name] for name in sorted(listed)]


def _pg_restore(conninfo: str, backup: Backup) -> Path:
    made_by = int(backup.facts["server_version"]) // 10_000
    with closing(connect(conninfo, application_name=restore_marker.SESSION)) as conn:
        server = conn.info.server_version // 10_000
    if server < made_by:
        raise ArchiveRefused(
            f"the backup is from PostgreSQL {made_by}, this server is {server}; "
            "make one for any version: tenure backup --portable"
        )
    for major in (server, made_by):
        if program := find("pg_restore", major):
            return program
    raise ArchiveRefused(
        f"no pg_restore of PostgreSQL {server} found; install it, or make a backup with --portable"
    )


def _refuse_taken(conn: Connection, conninfo: str) -> None:
    rows = conn.execute(statement("archive", "tables_present"), {"tables": list(ours())}).fetchall()
    if rows:
        named = ", ".join(name for (name,) in rows[:5])
        raise ArchiveRefused(
            f"{place(conninfo)} is not empty: {named}{' …' if len(rows) > 5 else ''} exist already; "
            "restore into a new database"
        )


def _has_events(conninfo: str) -> bool:
    with closing(connect(conninfo, application_name=restore_marker.SESSION)) as conn:
        return conn.execute(statement("archive", "has_events")).fetchone() == (True,)


def _empty(conninfo: str) -> None:
    """Delete rows that migrations inserted: the backup contains them too."""
    with closing(connect(conninfo, application_name=restore_marker.SESSION)) as conn:
        conn.execute("ALTER TABLE part_heads DISABLE TRIGGER part_heads_no_delete")
        for table in ours():
            row = conn.execute(
                sql.SQL("SELECT EXISTS (SELECT FROM {})").format(sql.Identifier(table))
            ).fetchone()
            if row is not None and row[0]:
                conn.execute(sql.SQL("DELETE FROM {}").format(sql.Identifier(table)))
        conn.execute("ALTER TABLE part_heads ENABLE TRIGGER part_heads_no_delete")
        conn.commit()


def _load_text(conninfo: str, path: Path, on_progress: OnProgress) -> None:
    with (
        closing(connect(conninfo, application_name=restore_marker.SESSION)) as conn,
        reading(path, on_progress=lambda done: on_progress("loading", done)) as archive,
    ):
        as_text(conn)
        try:
            for table, rows in by_table(archive):
                _put(conn, table, archive.columns[table], rows)
        except errors.DataError as problem:
            raise ArchiveRefused(
                f"the backup does not fit its schema: {str(problem).splitlines()[0]}"
            ) from None
        _seed_rebuilt(conn)
        conn.commit()


def _put(conn: Connection, table: str, columns: list[str], rows: Iterator[Cells]) -> None:
    if table not in kept():
        raise ArchiveRefused(f"the backup has rows of {table}, which are built from the log")
    put_rows(conn, table, columns, rows)


def _seed_rebuilt(conn: Connection) -> None:
    """Insert the rows of migrations into tables that replay builds, which a portable backup omits."""
    conn.execute(statement("archive", "seed_rebuilt"))


def _identity(checked: LogCounts) -> str:
    """Identifies the backup by its heads and the time of each part's last append."""
    text = repr(sorted(checked.heads.items())) + repr(sorted(checked.recorded_at.items()))
    return sha256(text.encode()).hexdigest()
