"""Delete the copies of personal data that an erasure leaves outside the log and the live tables.

`tenure privacy erase` runs it at once. The schedule repeats it each minute, for copies that could not be
deleted then: tables of a replay that was running and was killed later, and files on the worker's host.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from uuid import UUID

from psycopg.rows import dict_row

from events.statements import AnyConnection, statement
from projections.replay import Leftovers, delete_leftovers


@dataclass(frozen=True, slots=True)
class SweepReport:
    """What was deleted: tables and files of replays, mail in the outbox, sample values of the planner."""

    replays: Leftovers
    mails: int
    analyzed: tuple[str, ...] = ()

    def as_json(self) -> dict[str, object]:
        return {
            "is_replaying": self.replays.is_replaying,
            "schemas": list(self.replays.schemas),
            "folders": list(self.replays.folders),
            "mails": self.mails,
            "analyzed": list(self.analyzed),
        }


def sweep(conn: AnyConnection, data_dir: Path) -> SweepReport:
    """Delete stale copies; commits nothing of the caller's transaction."""
    replays = delete_leftovers(conn, data_dir / "replay")
    mails = _sweep_outbox(conn, data_dir / "outbox")
    with conn.cursor(row_factory=dict_row) as cursor:
        row = cursor.execute(statement("handlers", "analyze_after_erasure")).fetchone()
    assert row is not None  # a function always returns a row
    return SweepReport(replays, mails, tuple(row["analyzed"]))


def _sweep_outbox(conn: AnyConnection, outbox: Path) -> int:
    """A mail in the outbox lives as long as its job: until `jobs.keep`, or until the person is erased."""
    mails = dict(_mails(outbox))
    if not mails:
        return 0
    with conn.cursor(row_factory=dict_row) as cursor:
        rows = cursor.execute(statement("handlers", "jobs_with_payload"), {"ids": list(mails)}).fetchall()
    stale = mails.keys() - {row["id"] for row in rows}
    for job_id in stale:
        mails[job_id].unlink(missing_ok=True)
    return len(stale)


def _mails(outbox: Path) -> Iterator[tuple[UUID, Path]]:
    """Job id to file; files that Tenure did not name are left alone."""
    for path in outbox.glob("*.eml"):
        try:
            yield UUID(path.stem), path
        except ValueError:
            continue
