"""Mark a database as being restored and read-only until the restore is verified."""

from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import datetime
from time import monotonic, sleep

from psycopg import errors, sql
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from database.errors import RestoreUnfinished
from database.pool import Connection, connect
from events.statements import statement

BEGUN, LOADED = "begun", "loaded"
# The name of every session of a restore, pg_restore's own included.
SESSION = "tenure-restore"
_RESTORED = "restored from the backup with sha256 {}"
_LETS_GO_S = 10.0  # a killed restore's session ends a little later than its process
_LOOK_EVERY_S = 0.1


@dataclass(frozen=True, slots=True)
class RestoreMarker:
    """An unfinished restore. `phase`: begun, loaded, or why it failed."""

    file: str
    sha256: str
    phase: str
    begun_at: datetime

    def message(self) -> str:
        """One line for people."""
        return (
            f"the restore of {self.file} is unfinished here ({self.phase}); "
            "finish it with the same file (tenure restore), or use another empty database"
        )


def writing(conninfo: str) -> str:
    """The conninfo of the restore's own sessions, which may write while others can't."""
    own_options = str(conninfo_to_dict(conninfo).get("options") or "")
    return make_conninfo(conninfo, options=f"{own_options} -c default_transaction_read_only=off".strip())


def read_mark(conn: Connection) -> RestoreMarker | None:
    """The mark of an unfinished restore, if there is one."""
    row = conn.execute(statement("database", "has_mark")).fetchone()
    if row is None or not row[0]:
        return None
    stored = conn.execute(statement("database", "read_mark")).fetchone()
    return None if stored is None else RestoreMarker(*stored)


def unfinished(conn: Connection) -> str | None:
    """A message about an unfinished restore; None if there is none."""
    try:
        mark = read_mark(conn)
    except errors.InsufficientPrivilege:  # only the owner can read the mark
        return "a restore is unfinished here; finish it: tenure restore FILE"
    return None if mark is None else mark.message()


def refuse_unfinished(conn: Connection) -> None:
    """Raises: RestoreUnfinished, which names the file."""
    if problem := unfinished(conn):
        raise RestoreUnfinished(problem)


@contextmanager
def only_one(conninfo: str) -> Iterator[None]:
    """Lock restores into this database inside the block, and end sessions of a killed restore.

    Raises: RestoreUnfinished.
    """
    with closing(connect(conninfo, application_name=SESSION, autocommit=True)) as conn:
        deadline = monotonic() + _LETS_GO_S
        while conn.execute(statement("database", "lock_restore")).fetchone() != (True,):
            if monotonic() > deadline:
                raise RestoreUnfinished(
                    "another tenure restore into this database is running: wait for it, or stop it; "
                    "if its machine is down, its session ends within a minute"
                )
            sleep(_LOOK_EVERY_S)
        rows = conn.execute(statement("database", "end_other_restores"), {"name": SESSION}).fetchall()
        if (False,) in rows:
            raise RestoreUnfinished(
                "pg_restore of a killed restore does not end; run this command again in a minute"
            )
        yield


def begin(conn: Connection, file: str, sha256: str) -> None:
    """Mark the database, and make it read-only for other sessions. The caller commits."""
    conn.execute(statement("database", "mark_begun"))
    conn.execute("ALTER TABLE restore_unfinished ENABLE ROW LEVEL SECURITY")
    conn.execute(
        "INSERT INTO restore_unfinished VALUES (%s, %s, %s, clock_timestamp())", [file, sha256, BEGUN]
    )
    _default_read_only(conn, sql.SQL("SET default_transaction_read_only = on"))


def move_on(conninfo: str, phase: str) -> None:
    """Store the phase the restore has reached."""
    with closing(connect(conninfo, application_name=SESSION)) as conn:
        conn.execute("UPDATE restore_unfinished SET phase = %s", [phase])
        conn.commit()


def restored_from(conninfo: str, sha256: str) -> bool:
    """Whether the restore of this backup is finished here."""
    with closing(connect(conninfo, application_name=SESSION)) as conn:
        row = conn.execute(statement("database", "restored_from")).fetchone()
    return row is not None and row[0] == _RESTORED.format(sha256)


def end(conninfo: str, sha256: str) -> None:
    """Remove the mark after verification; a comment records which backup was restored."""
    with closing(connect(conninfo, application_name=SESSION)) as conn:
        conn.execute("DROP TABLE restore_unfinished")
        comment = sql.Literal(_RESTORED.format(sha256))
        conn.execute(sql.SQL("COMMENT ON TABLE part_heads IS {}").format(comment))
        _default_read_only(conn, sql.SQL("RESET default_transaction_read_only"))
        conn.commit()


def _default_read_only(conn: Connection, change: sql.SQL) -> None:
    """Change the database's default; without its owner's rights the table alone is the mark."""
    try:
        with conn.transaction():
            name = sql.Identifier(conn.info.dbname)
            conn.execute(sql.SQL("ALTER DATABASE {} {}").format(name, change))
    except errors.InsufficientPrivilege:
        pass
