"""Jobs exist exactly when their producer commits, and people may retry and cancel them."""

from collections.abc import Callable
from datetime import timedelta
from functools import partial
from uuid import uuid4

import pytest

from database.pool import Connection
from jobs import Job, JobContext, JobResult, JobType, cancel, enqueue, find, listed, retry
from jobs.errors import JobNotMovable, JobUnknown
from jobs.queue import prune
from tests.jobs.shop import NOW, Clock, runner, states


def test_job_of_a_transaction_that_rolls_back_never_was(conn: Connection, conninfo: str) -> None:
    enqueue(conn, "test", {}, now=NOW)

    conn.rollback()

    assert states(conninfo) == []


def test_same_dedupe_key_is_one_job(conn: Connection) -> None:
    first = enqueue(conn, "test", {"n": 1}, now=NOW, dedupe_key="a")
    second = enqueue(conn, "test", {"n": 2}, now=NOW, dedupe_key="a")

    assert (first.is_new, second.is_new, second.id) == (True, False, first.id)
    assert [job.payload for job in listed(conn)] == [{"n": 1}]


def test_dead_job_gets_all_its_tries_again(conn: Connection, conninfo: str) -> None:
    def refuse(_context: JobContext) -> JobResult:
        raise ValueError("no")

    queued = enqueue(conn, "test", {}, now=NOW, max_retries=0)
    conn.commit()
    runner(conninfo, refuse, clock=Clock()).drain()

    job = retry(conn, queued.id, now=NOW)

    assert (job.status, job.retry_count, job.error) == ("pending", 0, "ValueError: no")


@pytest.mark.parametrize(
    ("error", "expected"),
    [("ValueError: no", "ValueError: no; tried again: mended"), (None, "tried again: mended")],
)
def test_why_a_job_is_tried_again_is_told_until_it_was(
    conn: Connection, conninfo: str, error: str | None, expected: str
) -> None:
    queued = enqueue(conn, "test", {}, now=NOW)
    conn.execute("UPDATE background_jobs SET status = 'dead', error = %s", [error])

    job = retry(conn, queued.id, now=NOW, reason="mended")
    conn.commit()
    runner(conninfo, lambda _: JobResult(), clock=Clock()).drain()

    assert job.error == expected
    assert [row.error for row in listed(conn)] == [None]


@pytest.mark.parametrize("move", ["retry", "cancel"])
def test_finished_job_moves_no_more(conn: Connection, conninfo: str, move: str) -> None:
    queued = enqueue(conn, "test", {}, now=NOW)
    conn.commit()
    runner(conninfo, lambda _: JobResult(), clock=Clock()).drain()

    moves: dict[str, Callable[..., Job]] = {"retry": retry, "cancel": partial(cancel, reason="r", types={})}

    with pytest.raises(JobNotMovable, match="found it completed"):
        moves[move](conn, queued.id, now=NOW)


def test_cancelled_job_is_not_done(conn: Connection, conninfo: str) -> None:
    queued = enqueue(conn, "test", {}, now=NOW)
    types = {"test": JobType("test", lambda _: JobResult())}
    cancel(conn, queued.id, now=NOW, reason="paid", types=types)
    conn.commit()

    tries = runner(conninfo, lambda _: JobResult(), clock=Clock()).drain()

    assert (tries, states(conninfo)) == (0, [("cancelled", 0)])


def test_unknown_job_is_named(conn: Connection) -> None:
    with pytest.raises(JobUnknown, match="tenure jobs list"):
        retry(conn, uuid4(), now=NOW)
    assert find(conn, uuid4()) is None


def test_old_jobs_that_went_well_are_forgotten_and_dead_ones_kept(conn: Connection, conninfo: str) -> None:
    def odd_fails(context: JobContext) -> JobResult:
        if context.job.payload["n"] % 2:
            raise ValueError
        return JobResult()

    for n in range(4):
        enqueue(conn, "test", {"n": n}, now=NOW, max_retries=0)
    conn.commit()
    runner(conninfo, odd_fails, clock=Clock()).drain()

    assert prune(conn, before=NOW) == 0
    assert prune(conn, before=NOW + timedelta(seconds=1)) == 2
    assert {job.status for job in listed(conn)} == {"dead"}


def test_service_role_can_use_the_queue(conn: Connection) -> None:
    conn.execute("SET ROLE tenure_app")

    enqueue(conn, "test", {}, now=NOW)

    assert len(listed(conn, statuses=["pending"], type_="test")) == 1
    assert listed(conn, statuses=["dead"]) == []
