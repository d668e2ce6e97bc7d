"""Processes that end with the one that starts them, however it ends."""

import os
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from subprocess import PIPE, Popen

import psutil
import pytest

from events import child_processes

ROOT = Path(__file__).parents[2]
PATIENCE_S = 20

# Each prints the ids of what it started, then waits in the block that must end it.
PROGRAM = """
import sys
from events import child_processes
child_processes.stop_on_signals()
with child_processes.child([sys.executable, "-c", "import time; time.sleep(60)"]) as child:
    print(child.pid, flush=True)
    child.wait()
"""
RUN_PROGRAM = """
import sys
from events import child_processes
child_processes.stop_on_signals()
child_processes.run([sys.executable, "-c", "import os, time; print(os.getpid(), flush=True); time.sleep(60)"])
"""
# Another thread takes the signal, so the blocked main thread does not wake: as when it was about to block.
MISSED_SIGNAL = """
import signal, threading
from events import child_processes
child_processes.stop_on_signals()
def take_signal():
    signal.pthread_kill(threading.get_ident(), signal.SIGTERM)
threading.Timer(0.2, take_signal).start()
print(flush=True)
threading.Event().wait()
"""
POOL = """
import os, sys, time
from events import child_processes
child_processes.stop_on_signals()
if __name__ == "__main__":
    with child_processes.pool(2) as pool:
        waiting = [pool.submit(time.sleep, 60) for _ in range(9)]
        print(*pool._processes, flush=True)
        waiting[0].result()
"""


@contextmanager
def running(program: str, folder: Path) -> Iterator[tuple["Popen[str]", list[psutil.Process]]]:
    """The process and what it started."""
    script = folder / "program.py"
    script.write_text(program)
    env = os.environ | {"PYTHONPATH": str(ROOT)}
    before = signal.signal(signal.SIGHUP, signal.SIG_DFL)  # this suite may run under nohup, which ignores it
    process = Popen([sys.executable, str(script)], env=env, stdout=PIPE, text=True)
    signal.signal(signal.SIGHUP, before)
    with process:
        assert process.stdout is not None
        started = [psutil.Process(int(pid)) for pid in process.stdout.readline().split()]
        try:
            yield process, started
        finally:
            process.kill()
            for descendant in started:
                if descendant.is_running():
                    descendant.kill()


@pytest.mark.parametrize("program", [PROGRAM, RUN_PROGRAM, POOL])
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP, signal.SIGKILL])
def test_nothing_outlives_a_stopped_or_killed_process(
    program: str, number: signal.Signals, tmp_path: Path
) -> None:
    with running(program, tmp_path) as (process, started):
        assert started

        process.send_signal(number)

        _, alive = psutil.wait_procs(started, timeout=PATIENCE_S)
        assert alive == []
        expected = -number if number == signal.SIGKILL else 128 + number
        assert process.wait(PATIENCE_S) == expected


def test_a_signal_that_the_blocked_main_thread_missed_stops_it(tmp_path: Path) -> None:
    with running(MISSED_SIGNAL, tmp_path) as (process, _):
        assert process.wait(PATIENCE_S) == 128 + signal.SIGTERM


def test_a_child_that_ignores_sigterm_is_killed() -> None:
    stubborn = "import signal; signal.signal(15, signal.SIG_IGN); print(flush=True); signal.pause()"

    with child_processes.child([sys.executable, "-c", stubborn], stop_s=0.1, stdout=PIPE) as child:
        assert child.stdout is not None
        child.stdout.readline()

    assert child.returncode == -signal.SIGKILL


def test_an_error_in_the_block_ends_workers_at_their_work() -> None:
    workers: list[psutil.Process] = []

    with suppress(ValueError), child_processes.pool(2) as pool:
        pool.submit(signal.pause)
        workers += [psutil.Process(pid) for pid in pool._processes]
        raise ValueError

    assert workers
    assert not [worker for worker in workers if worker.is_running()]
