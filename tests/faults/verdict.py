"""What must be true after any fault: nothing acked is lost, nothing is half there, tables and seals agree."""

from dataclasses import dataclass
from functools import partial
from pathlib import Path

import psycopg

from events.clock import utc_now
from projections.replay import Options, compare
from projections.runner import Runner
from queries.seals import origin_of
from queries.verify import verify
from service.signing_keys import connecting, public_keys, sealer_of
from service.wiring import projector_connection
from settings import Settings

HALF = """
SELECT (SELECT count(*) FROM part_heads h
         WHERE h.head <> (SELECT count(*) FROM events e WHERE e.part = h.part)
            OR h.head <> coalesce((SELECT max(position) FROM events e WHERE e.part = h.part), 0))
     + (SELECT count(*) FROM events
         WHERE payload_digest <> sha256(payload_salt || convert_to(event_data::text, 'UTF8')))
"""
TWICE = """
SELECT count(*) FROM (SELECT 1 FROM events GROUP BY source_system, idempotency_key HAVING count(*) > 1) t
"""


@dataclass(frozen=True, kw_only=True)
class Verdict:
    """`lost`, `twice` and `half` are counts and must be 0."""

    acked: int
    events: int
    lost: int
    twice: int
    half: int
    tables_equal: bool
    seals_hold: bool

    @property
    def good(self) -> bool:
        return not (self.lost or self.twice or self.half) and self.tables_equal and self.seals_hold


def verdict(conninfo: str, acked: set[str], folder: Path) -> Verdict:
    """Judge the database of a service that has been stopped."""
    Runner(partial(projector_connection, conninfo)).drain()
    options = Options(work_dir=folder / "replay", workers=1)
    equal = compare(conninfo, options=options).equal
    with psycopg.connect(conninfo) as conn:
        kept = {
            row[0]
            for row in conn.execute("SELECT idempotency_key FROM events WHERE source_system = 'stripe'")
        }
        return Verdict(
            acked=len(acked),
            events=_number(conn, "SELECT count(*) FROM events"),
            lost=len(acked - kept),
            twice=_number(conn, TWICE),
            half=_number(conn, HALF),
            tables_equal=equal,
            seals_hold=_sealed(conninfo, folder),
        )


def _sealed(conninfo: str, folder: Path) -> bool:
    """Sealed to the last event, by the key the service signs with, and derived again in full."""
    settings = Settings(_env_file=None, TENURE_DATA_DIR=folder / "tenure")
    sealer_of(settings, conninfo, clock=utc_now).run()
    connect = connecting(conninfo)
    with connect() as conn:
        origin = origin_of(conn)
    assert origin is not None  # the sealer has just named the log
    trusted = public_keys(settings, origin)
    report = verify(connect, trusted=trusted, workers=1)
    return not report.findings and report.unsealed == 0


def _number(conn: "psycopg.Connection[tuple[int]]", query: str) -> int:
    row = conn.execute(query.encode()).fetchone()
    assert row is not None
    return int(row[0])
