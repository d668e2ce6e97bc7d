"""Digests of what is projected: the sum of every user's row digest, so that order makes no difference."""

from dataclasses import dataclass
from datetime import datetime

from psycopg import sql
from psycopg.rows import tuple_row

from events.statements import AnyConnection
from projections.code_version import projector_version
from projections.replay.statements import do, one, rows

MODULUS = 1 << 256


def live_digest(conn: AnyConnection) -> str:
    """64 hex digits over the row digest of every user; reads all states."""
    return _hex(summed(conn))


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


@dataclass(frozen=True, slots=True)
class ReplayStanding:
    """Whether the tables equal the last replay plus the batches since. Digests are 64 hex digits.

    `expected` is the last replay's digest plus the changes of later batches, `live` the sum over the
    states; `replayed_at` is None when the log has no receipt of the replay with the digest `replayed`.
    """

    live: str
    expected: str
    replayed: str
    replayed_at: datetime | None
    replayed_events: int

    @property
    def equal(self) -> bool:
        return self.live == self.expected

    def describe(self) -> str:
        """One line of text."""
        if not self.equal:
            return f"the states hold {self.live[:16]}, expected {self.expected[:16]}: tenure replay --check"
        if self.replayed_at is None:
            return f"digest {self.live[:16]}, as every batch left it; no replay built these tables"
        return f"digest {self.live[:16]}: the replay of {self.replayed_events} events, and every batch since"


def standing(conn: AnyConnection) -> ReplayStanding:
    """The expected and live digests; reads all states and 65 other rows."""
    with conn.transaction():
        do(conn, "replay_one_moment")
        replayed, expected = one(conn, "replay_digests")
        live = summed(conn)
    receipts = rows(conn, "replay_receipts", digest=_hex(int(replayed)))
    recorded_at, heads = receipts[0] if receipts else (None, [])
    return ReplayStanding(
        _hex(live), _hex(int(expected) % MODULUS), _hex(int(replayed)), recorded_at, sum(heads)
    )


def expected(conn: AnyConnection) -> int:
    """The expected sum of digests: that of the last replay plus the changes of later batches."""
    return int(one(conn, "replay_digests")[1]) % MODULUS


def _hex(digest: int) -> str:
    return f"{digest:064x}"


def replay_due(conn: AnyConnection) -> str | None:
    """Why the tables need a replay; None when they do not."""
    version = projector_version()
    others = [row[0] for row in rows(conn, "replay_versions", version=version)]
    if not others:
        return None
    return f"the tables were built by projector {', '.join(others)}, this is {version}: tenure replay"
