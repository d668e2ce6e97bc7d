"""Temporary folders that are locked while in use, so that leftovers of kill -9 can be removed."""

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
    """A folder that is removed after the block, as are those of this prefix left by killed processes.

    In the system's temporary folder unless `parent` is given. Processes forked in the block share it; the
    process that created it removes it. Raises: OSError.
    """
    parent = Path(tempfile.gettempdir()) if parent is None else parent
    remove_abandoned(prefix, parent)
    # It gets its name once it is locked, so that no process takes it for abandoned.
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
    """Folders of this prefix whose processes have ended."""
    return [path for path in sorted(parent.glob(f"{prefix}*")) if _is_free(path / _LOCK)]


def remove_abandoned(prefix: str, parent: Path) -> list[Path]:
    """Remove abandoned folders and return them."""
    folders = abandoned(prefix, parent)
    for path in folders:
        shutil.rmtree(path, ignore_errors=True)
    return folders


def _is_free(path: Path) -> bool:
    """Whether the lock exists and no process holds it; False for a folder of another account."""
    with suppress(OSError):
        if path.lstat().st_uid == os.geteuid():
            lock = Lock(path)
            if lock.try_exclusive():
                lock.release()
                return True
    return False
