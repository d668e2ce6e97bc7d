"""A database that is being restored says so, and lets nobody write, until all of it was verified."""

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
    """A restore that was begun here. `phase`: begun, loaded, or why it failed."""

    file: str
    sha256: str
    phase: str
    begun_at: datetime

    def told(self) -> str:
        """One line for people."""
        return (
            f"the restore of {self.file} was begun here and not finished ({self.phase}); "
            "finish it with the same file (tenure restore), or take another empty database"
        )


def writing(conninfo: str) -> str:
    """How the restore itself connects: it may write while nobody else may."""
    given = str(conninfo_to_dict(conninfo).get("options") or "")
    return make_conninfo(conninfo, options=f"{given} -c default_transaction_read_only=off".strip())


def read_mark(conn: Connection) -> RestoreMarker | None:
    """The mark of an unfinished restore, if there is one."""
    row = conn.execute(statement("database", "has_mark")).fetchone()
    if row is None or not row[0]:
        return None
    found = conn.execute(statement("database", "read_mark")).fetchone()
    return None if found is None else RestoreMarker(*found)


def unfinished(conn: Connection) -> str | None:
    """What to say of a restore that was begun here and not finished; None when there is none."""
    try:
        found = read_mark(conn)
    except errors.InsufficientPrivilege:  # the mark is its owner's
        return "a restore was begun here and not finished; finish it: tenure restore FILE"
    return None if found is None else found.told()


def refuse_unfinished(conn: Connection) -> None:
    """Raises: RestoreUnfinished, which names the file."""
    if said := unfinished(conn):
        raise RestoreUnfinished(said)


@contextmanager
def only_one(conninfo: str) -> Iterator[None]:
    """Lock restoring into this database inside the block, and end what a killed restore left running there.

    Raises: RestoreUnfinished.
    """
    with closing(connect(conninfo, application_name=SESSION, autocommit=True)) as conn:
        deadline = monotonic() + _LETS_GO_S
        while conn.execute(statement("database", "lock_restore")).fetchone() != (True,):
            if monotonic() > deadline:
                raise RestoreUnfinished(
                    "another tenure restore into this database is running: wait for it, or stop it; "
                    "if its machine is gone, its session ends within a minute"
                )
            sleep(_LOOK_EVERY_S)
        rows = conn.execute(statement("database", "end_other_restores"), {"name": SESSION}).fetchall()
        if (False,) in rows:
            raise RestoreUnfinished(
                "pg_restore of a killed restore does not end; run this command again in a minute"
            )
        yield


def begin(conn: Connection, file: str, sha256: str) -> None:
    """Mark it, and refuse everybody else's writes. The caller commits."""
    conn.execute(statement("database", "mark_begun"))
    conn.execute("ALTER TABLE restore_unfinished ENABLE ROW LEVEL SECURITY")
    conn.execute(
        "INSERT INTO restore_unfinished VALUES (%s, %s, %s, clock_timestamp())", [file, sha256, BEGUN]
    )
    _default_read_only(conn, sql.SQL("SET default_transaction_read_only = on"))


def move_on(conninfo: str, phase: str) -> None:
    """What was reached."""
    with closing(connect(conninfo, application_name=SESSION)) as conn:
        conn.execute("UPDATE restore_unfinished SET phase = %s", [phase])
        conn.commit()


def restored_from(conninfo: str, sha256: str) -> bool:
    """Whether this very backup was restored here, to its end."""
    with closing(connect(conninfo, application_name=SESSION)) as conn:
        row = conn.execute(statement("database", "restored_from")).fetchone()
    return row is not None and row[0] == _RESTORED.format(sha256)


def end(conninfo: str, sha256: str) -> None:
    """All of it is there and verified: what stays is a comment on where it came from."""
    with closing(connect(conninfo, application_name=SESSION)) as conn:
        conn.execute("DROP TABLE restore_unfinished")
        comment = sql.Literal(_RESTORED.format(sha256))
        conn.execute(sql.SQL("COMMENT ON TABLE part_heads IS {}").format(comment))
        _default_read_only(conn, sql.SQL("RESET default_transaction_read_only"))
        conn.commit()


def _default_read_only(conn: Connection, change: sql.SQL) -> None:
    """Only the database's owner may; where we are not, the table alone is the mark."""
    try:
        with conn.transaction():
            name = sql.Identifier(conn.info.dbname)
            conn.execute(sql.SQL("ALTER DATABASE {} {}").format(name, change))
    except errors.InsufficientPrivilege:
        pass
