"""Stops an embedded server whose users were all killed; one process beside each server.

The last user to exit normally stops the server itself. After kill -9 no process is left to do that, so this
one checks every second whether any process still holds the users' lock.
"""

import os
import select
import shutil
import sys
import time
from pathlib import Path

from database import postmaster
from database.file_locks import Lock
from events import child_processes

LOOK_EVERY_S = 1.0
ENDS_WITHIN_S = 5.0

# From this installation, independent of the working directory.
_MAIN = "import sys; sys.path.insert(0, sys.argv.pop(1)); from database.minder import main; main()"
_COMMAND = (sys.executable, "-P", "-c", _MAIN, str(Path(__file__).parent.parent))


def ensure(home: Path, server_pid: int, *, throwaway: bool) -> None:
    """Start a minder for this server if it has none; the caller holds the lock `postgres.start`."""
    minding = _lock(home)
    if not minding.try_exclusive():
        return
    words = [str(home), str(server_pid), *(["throwaway"] if throwaway else [])]
    started = child_processes.start_detached(
        [*_COMMAND, *words],
        cwd="/",
        stdin=child_processes.DEVNULL,
        stdout=child_processes.DEVNULL,
        stderr=child_processes.DEVNULL,
        pass_fds=(minding.fileno(),),  # so it has the lock from its start
    )
    minding.release()
    postmaster.reap_later(started)


def await_end(home: Path) -> None:
    """Wait briefly for the minder of a server that has ended."""
    minding = _lock(home)
    if minding.try_exclusive_for(ENDS_WITHIN_S):
        minding.release()


def _lock(home: Path) -> Lock:
    """The lock that the minder inherits and holds until it exits."""
    return Lock(home / "postgres.minder")


def main() -> None:
    """Watch the server until it has ended."""
    home, pid, *options = sys.argv[1:]
    mind(Path(home), int(pid), throwaway=bool(options))


def mind(home: Path, server_pid: int, *, throwaway: bool) -> None:
    """Stop the server once it is unused; returns when it has ended."""
    while _runs(home):
        _wait(server_pid)
        _stop_unused(home, throwaway=throwaway)


def _runs(home: Path) -> bool:
    running = Lock(home / "postgres.running")
    if running.try_exclusive():
        running.release()
        return False
    return True


def _stop_unused(home: Path, *, throwaway: bool) -> None:
    """Stop the server unless a process uses, starts or stops it."""
    starting, users = Lock(home / "postgres.start"), Lock(home / "postgres.users")
    if not starting.try_exclusive():
        return
    try:
        if not users.try_exclusive():
            return
        try:
            postmaster.stop(home / "postgres", Lock(home / "postgres.running"))
            if throwaway:
                shutil.rmtree(home / "postgres", ignore_errors=True)
        finally:
            users.release()
    finally:
        starting.release()


def _wait(server_pid: int) -> None:
    """Wait until the next check, or until the server ends."""
    try:
        descriptor = os.pidfd_open(server_pid)
    except (AttributeError, OSError):  # not Linux, or it has ended
        time.sleep(LOOK_EVERY_S)
        return
    try:
        select.select([descriptor], [], [], LOOK_EVERY_S)
    finally:
        os.close(descriptor)
