"""Two processes; the one that leads is killed with -9: the other takes over, and nothing is doubled."""

import os
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import psycopg
import pytest

from tests.jobs.schedule.sample_handlers import make_marks, marks

ROOT = Path(__file__).parents[3]
Process = subprocess.Popen[str]


@contextmanager
def _process(conninfo: str, number: int) -> Iterator[Process]:
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.jobs.schedule.sample_handlers", conninfo, str(number)],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        yield process
    finally:
        process.kill()
        process.wait()
        assert process.stdout is not None
        process.stdout.close()


@pytest.fixture
def processes(conninfo: str) -> Iterator[tuple[Process, Process]]:
    """The first leads and is in the middle of `hang`; the second waits."""
    make_marks(conninfo)
    with ExitStack() as stack:
        first = stack.enter_context(_process(conninfo, 1))
        assert first.stdout is not None
        assert "in the middle\n" in iter(first.stdout.readline, "")
        yield first, stack.enter_context(_process(conninfo, 2))


def test_other_takes_over_within_ten_seconds_and_nothing_is_doubled(
    processes: tuple[Process, Process], conninfo: str
) -> None:
    first, _ = processes
    _until(lambda: len(marks(conninfo, "beat")) >= 3)
    assert {pid for _, pid in marks(conninfo, "beat")} == {1}

    os.kill(first.pid, signal.SIGKILL)
    killed = time.monotonic()
    _until(lambda: any(pid == 2 for _, pid in marks(conninfo, "beat")))
    took_s = time.monotonic() - killed
    _until(lambda: len(marks(conninfo, "hang")) == 1)

    beats = Counter(at.replace(microsecond=0) for at, _ in marks(conninfo, "beat"))
    assert took_s < 10
    assert set(beats.values()) == {1}
    assert len(marks(conninfo, "hourly")) == 1
    assert [pid for _, pid in marks(conninfo, "hang")] == [2]
    with psycopg.connect(conninfo) as conn:
        ran = conn.execute("SELECT runs FROM schedule_runs WHERE name = 'hang'").fetchone()
    assert ran == (1,)


def _until(true: object, *, within_s: float = 30.0) -> None:
    assert callable(true)
    deadline = time.monotonic() + within_s
    while not true():
        assert time.monotonic() < deadline
        time.sleep(0.05)
