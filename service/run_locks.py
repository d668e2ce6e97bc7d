"""Whether a killed `tenure run` left processes behind: two kernel locks in the data directory tell.

`run.supervisor` is held by the supervisor alone, `run.children` is inherited by everything it starts. Where
only the second is held, the supervisor was killed, and its processes are about to stop.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from database.file_locks import Lock
from events.child_processes import GRACE_S

PATIENCE_S = GRACE_S + 2.0  # by then they have killed themselves


def await_leftovers(data_dir: Path, say: Callable[[str], None]) -> bool:
    """Wait for the processes of a killed run, which hold its port. False where they do not end."""
    if not has_leftovers(data_dir):
        return True
    say("waiting for the processes of a killed tenure run to stop")
    children = Lock(data_dir / "run.children")
    try:
        return children.try_exclusive_for(PATIENCE_S)
    finally:
        children.release()


def has_leftovers(data_dir: Path) -> bool:
    """Whether processes of a killed run are alive. Makes no files."""
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
    """Hold both locks; yields the descriptors that every child inherits, none where locks can't be made."""
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
