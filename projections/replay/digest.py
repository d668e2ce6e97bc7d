"""Digests of what is projected: the sum of every user's row digest, so that order makes no difference."""

from dataclasses import dataclass
from datetime import datetime

from psycopg import sql
from psycopg.rows import tuple_row

from projections.code_version import projector_version
from projections.replay.statements import AnyConnection, do, one, rows

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
    """Whether the tables are the last replay plus what came since. Digests are 64 hex digits.

    `expected` is what the last replay left and the batches since moved, `live` what the states hold;
    `replayed_at` is None where no receipt in the log tells of the replay they say they began with.
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
        """One line for people."""
        if not self.equal:
            return f"the states hold {self.live[:16]}, expected {self.expected[:16]}: tenure replay --check"
        if self.replayed_at is None:
            return f"digest {self.live[:16]}, as every batch left it; never replayed"
        return f"digest {self.live[:16]}: the replay of {self.replayed_events} events, and every batch since"


def standing(conn: AnyConnection) -> ReplayStanding:
    """How the tables stand; reads all states, and 65 rows beside."""
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
    """What the sum of digests should be: what a replay left and what batches moved."""
    return int(one(conn, "replay_digests")[1]) % MODULUS


def _hex(digest: int) -> str:
    return f"{digest:064x}"


def replay_due(conn: AnyConnection) -> str | None:
    """Why the tables are due to be rebuilt; None when they are not."""
    version = projector_version()
    others = [row[0] for row in rows(conn, "replay_versions", version=version)]
    if not others:
        return None
    return f"the tables were built by projector {', '.join(others)}, this is {version}: tenure replay"
