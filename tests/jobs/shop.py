"""A queue with job types that do what a test wants, and a clock that moves when told."""

from collections.abc import Callable
from contextlib import closing
from datetime import UTC, datetime, timedelta
from typing import Any

import psycopg

from jobs import JobContext, JobResult, JobRunner, JobType, Registry

NOW = datetime(2026, 3, 3, 12, tzinfo=UTC)


class Clock:
    """An instant that moves only when told."""

    def __init__(self, at: datetime = NOW) -> None:
        self.at = at

    def __call__(self) -> datetime:
        return self.at

    def pass_s(self, seconds: float) -> None:
        self.at += timedelta(seconds=seconds)


def worker_connection(conninfo: str) -> psycopg.Connection[Any]:
    """As a worker has it: autocommit, with the service's rights only."""
    conn = psycopg.connect(conninfo, autocommit=True)
    conn.execute("SET ROLE tenure_app")
    return conn


def runner(
    conninfo: str,
    handle: Callable[[JobContext], JobResult],
    *,
    clock: Clock,
    name: str = "test",
    **options: Any,  # Any: JobType's own
) -> JobRunner:
    types: Registry = {name: JobType(name, handle, **options)}
    return JobRunner(lambda: worker_connection(conninfo), types, clock=clock, chance=lambda: 0.5)


def states(conninfo: str) -> list[tuple[str, int]]:
    """(status, retry_count) of every job, oldest first."""
    with closing(psycopg.connect(conninfo)) as conn:
        query = "SELECT status, retry_count FROM background_jobs ORDER BY created_at, id"
        return conn.execute(query).fetchall()
