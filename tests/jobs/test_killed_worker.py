"""kill -9 in the middle of a job: nothing is lost, and the job says what happened."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from database.pool import Connection
from jobs import JobResult, enqueue, find
from tests.jobs.shop import NOW, Clock, runner, states

ROOT = Path(__file__).parents[2]

WORKER = """
import sys, time
from tests.jobs.shop import Clock, runner
from jobs import JobContext, JobResult

def hang(context: JobContext) -> JobResult:
    print("begun", flush=True)
    time.sleep(600)
    return JobResult()

runner(sys.argv[1], hang, clock=Clock()).drain()
"""


@pytest.fixture
def worker(conninfo: str, conn: Connection) -> Iterator[subprocess.Popen[str]]:
    """A process in the middle of the one job there is."""
    enqueue(conn, "test", {}, now=NOW, max_retries=1)
    conn.commit()
    process = subprocess.Popen(
        [sys.executable, "-c", WORKER, conninfo], cwd=ROOT, stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "begun\n"
    yield process
    process.kill()
    process.wait()
    process.stdout.close()


def _await_gone(conninfo: str) -> None:
    """Until the server noticed that the killed one's session is over."""
    query = (
        "SELECT count(*) FROM pg_locks l JOIN pg_database d ON d.oid = l.database"
        " WHERE d.datname = current_database() AND l.locktype = 'advisory' AND l.objsubid = 2"
    )
    with psycopg.connect(conninfo, autocommit=True) as conn:
        for _ in range(1_000):
            if conn.execute(query).fetchone() == (0,):
                return
            time.sleep(0.01)
    pytest.fail("the killed worker's session is still there")


def test_job_of_a_killed_worker_is_done_by_another(
    worker: subprocess.Popen[str], conninfo: str, conn: Connection
) -> None:
    clock = Clock()
    other = runner(conninfo, lambda _: JobResult({"by": "other"}), clock=clock)
    assert (other.drain(), states(conninfo)) == (0, [("processing", 0)])

    os.kill(worker.pid, signal.SIGKILL)
    worker.wait()
    _await_gone(conninfo)
    other.drain()
    (status, retries) = states(conninfo)[0]
    lost = conn.execute("SELECT error FROM background_jobs").fetchone()
    conn.rollback()
    clock.pass_s(60)
    other.drain()

    assert (status, retries) == ("failed", 1)
    assert lost is not None
    assert f":{worker.pid} died while running it" in lost[0]
    assert states(conninfo) == [("completed", 1)]


def test_job_that_kills_each_worker_ends_dead(
    worker: subprocess.Popen[str], conninfo: str, conn: Connection
) -> None:
    conn.execute("UPDATE background_jobs SET retry_count = max_retries")
    conn.commit()

    os.kill(worker.pid, signal.SIGKILL)
    worker.wait()
    _await_gone(conninfo)
    runner(conninfo, lambda _: JobResult(), clock=Clock()).drain()

    row = conn.execute("SELECT id FROM background_jobs").fetchone()
    assert row is not None
    job = find(conn, row[0])
    assert job is not None
    assert job.status == "dead"
    assert job.error is not None
    assert "died" in job.error
