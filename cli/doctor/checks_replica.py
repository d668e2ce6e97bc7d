"""Checks of the replica for auditors' reads: reachable, a replica of this primary, not far behind."""

from contextlib import closing
from datetime import timedelta

from cli.doctor.findings import DoctorFinding, either
from database.errors import DatabaseUnavailable
from database.pool import connect, place
from events.statements import AnyConnection, Row, statement
from queries.log_tail import heads
from queries.rows import fetch_one
from service.wiring import as_service
from settings import Settings

MAX_LAG = timedelta(seconds=30)
CHECK_TIMEOUT_S = 10.0


def replica_checks(primary: AnyConnection, settings: Settings) -> list[DoctorFinding]:
    """No findings when no replica is set."""
    if settings.database_replica_url is None:
        return []
    conninfo = settings.database_replica_url.get_secret_value()
    try:
        row = _replica_row(conninfo)
    except DatabaseUnavailable as problem:
        fix = "start it, or correct or unset DATABASE_REPLICA_URL: auditors get 503 until then"
        return [DoctorFinding("fail", "replica", f"cannot reach {problem.place}: {problem.reason}", fix)]
    present = heads(primary)  # read after the replica: a replica of this log can't be ahead of it
    return [_kind(row, present, place(conninfo)), *_lag(row, present)]


def _replica_row(conninfo: str) -> Row:
    opened = connect(conninfo, application_name="tenure-cli", statement_timeout_s=CHECK_TIMEOUT_S)
    with closing(opened) as conn:
        as_service(conn)
        row = fetch_one(conn, statement("cli", "doctor_replica"), {})
    assert row is not None  # always one row
    return row


def _kind(row: Row, present: tuple[int, ...], where: str) -> DoctorFinding:
    ours = all(theirs <= now for theirs, now in zip(row["heads"], present, strict=True))
    if not ours:
        fix = "point DATABASE_REPLICA_URL at a replica of the server in DATABASE_URL"
        return DoctorFinding("fail", "replica", f"{where} has events that the primary lacks", fix)
    return either(
        row["in_recovery"],
        "replica",
        f"{where} follows the primary",
        f"{where} is not in recovery, so it replicates nothing",
        "point DATABASE_REPLICA_URL at a streaming replica, or unset it",
    )


def _lag(row: Row, present: tuple[int, ...]) -> list[DoctorFinding]:
    if not row["in_recovery"]:
        return []
    behind = sum(max(0, now - theirs) for theirs, now in zip(row["heads"], present, strict=True))
    ago = row["replayed_ago"] or timedelta()
    late = bool(behind) and (row["paused"] or ago > MAX_LAG)
    state = (
        "replay is paused"
        if row["paused"]
        else f"the last commit replayed is {ago.total_seconds():.0f} s old"
    )
    return [
        either(
            not late,
            "replica lag",
            f"{behind} events behind",
            f"{behind} events behind, {state}",
            "SELECT pg_wal_replay_resume() on the replica"
            if row["paused"]
            else "look at pg_stat_replication on the primary, and at the replica's disk and log",
            severity="warn",
        )
    ]
