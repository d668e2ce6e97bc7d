"""Detect processes left by a killed `tenure run`, by two kernel locks in the data directory.

Only the supervisor holds `run.supervisor`; every process it starts inherits `run.children`. If only the
second is held, the supervisor was killed, and its processes are about to stop.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from database.file_locks import Lock
from events.child_processes import GRACE_S

PATIENCE_S = GRACE_S + 2.0  # by then they have killed themselves


def await_leftovers(data_dir: Path, report: Callable[[str], None]) -> bool:
    """Wait for the processes of a killed run, which hold its port. False if they do not end."""
    if not has_leftovers(data_dir):
        return True
    report("waiting for the processes of a killed tenure run to stop")
    children = Lock(data_dir / "run.children")
    try:
        return children.try_exclusive_for(PATIENCE_S)
    finally:
        children.release()


def has_leftovers(data_dir: Path) -> bool:
    """Whether processes of a killed run are alive. Creates no files."""
    supervisor, children = Lock(data_dir / "run.supervisor"), Lock(data_dir / "run.children")
    if not children.path.exists():
        return False
    try:
        return not children.try_exclusive() and supervisor.try_exclusive()
    except OSError:
        return False
    finally:
        children.release()
        supervisor.release()


@contextmanager
def supervising(data_dir: Path) -> Iterator[tuple[int, ...]]:
    """Hold both locks; yields the descriptors that every child inherits, none if locks can't be created."""
    supervisor, children = Lock(data_dir / "run.supervisor"), Lock(data_dir / "run.children")
    try:
        data_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
        children.shared()
        supervisor.shared()
    except OSError:
        children.release()
        yield ()
        return
    try:
        yield (children.fileno(),)
    finally:
        supervisor.release()
        children.release()
