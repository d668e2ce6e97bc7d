"""Digests of what is projected: the sum of every user's row digest, so that order makes no difference."""

from psycopg import sql
from psycopg.rows import tuple_row

from projections.replay.statements import AnyConnection, rows
from projections.version import projector_version

MODULUS = 1 << 256


def live_digest(conn: AnyConnection) -> str:
    """64 hex digits over the row digest of every user; reads all states."""
    return f"{summed(conn):064x}"


def summed(conn: AnyConnection) -> int:
    """The digest as a number."""
    total = 0
    digests = "SELECT row_digest FROM projection_states WHERE row_digest IS NOT NULL"
    query = sql.SQL("COPY ({}) TO STDOUT (FORMAT binary)").format(sql.SQL(digests))
    with conn.cursor(row_factory=tuple_row) as cursor, cursor.copy(query) as copy:
        copy.set_types(["bytea"])
        for (digest,) in copy.rows():
            total += int.from_bytes(digest)
    return total % MODULUS


def replay_due(conn: AnyConnection) -> str | None:
    """Why the tables are due to be rebuilt; None when they are not."""
    version = projector_version()
    others = [row[0] for row in rows(conn, "replay_versions", version=version)]
    if not others:
        return None
    return f"the tables were built by projector {', '.join(others)}, this is {version}: tenure replay"
