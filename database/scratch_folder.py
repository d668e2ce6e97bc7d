"""Temporary folders that are locked while they are used, so that what kill -9 leaves is found and removed."""

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from database.file_locks import Lock

_LOCK = "in-use"


@contextmanager
def scratch_folder(prefix: str, parent: Path | None = None) -> Iterator[Path]:
    """A folder that is gone after the block, as are those of this prefix that killed processes left.

    In the system's temporary folder unless `parent` is given. Processes forked in the block share it; whoever
    made it removes it. Raises: OSError.
    """
    parent = Path(tempfile.gettempdir()) if parent is None else parent
    remove_abandoned(prefix, parent)
    # It gets its name once it is locked, so that nobody takes it for abandoned.
    folder = Path(tempfile.mkdtemp(prefix=f".{prefix}", dir=parent))
    in_use, owner = Lock(folder / _LOCK), os.getpid()
    try:
        in_use.shared()
        folder = folder.rename(parent / folder.name[1:])
        yield folder
    finally:
        if os.getpid() == owner:
            shutil.rmtree(folder, ignore_errors=True)
            in_use.release()


def abandoned(prefix: str, parent: Path) -> list[Path]:
    """Folders of this prefix whose processes are gone."""
    return [path for path in sorted(parent.glob(f"{prefix}*")) if _is_free(path / _LOCK)]


def remove_abandoned(prefix: str, parent: Path) -> list[Path]:
    """Those that were removed."""
    found = abandoned(prefix, parent)
    for path in found:
        shutil.rmtree(path, ignore_errors=True)
    return found


def _is_free(path: Path) -> bool:
    """Whether the lock is there and no process holds it; a folder of another account is not ours to judge."""
    with suppress(OSError):
        if path.lstat().st_uid == os.geteuid():
            lock = Lock(path)
            if lock.try_exclusive():
                lock.release()
                return True
    return False
