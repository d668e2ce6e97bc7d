"""Files that get their name when they are complete; leftovers of killed commands are removed."""

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from archive.errors import ArchiveRefused
from database.file_locks import Lock
from service.escapes import notice

_SUFFIX = ".unfinished"


@contextmanager
def drafting(path: Path) -> Iterator[Path]:
    """An empty file of mode 0600 beside `path`, locked while it is written; after the block it is `path`.

    An error in the block removes it. Raises: ArchiveRefused if `path` exists or can't be written.
    """
    draft = draft_of(path)
    for draft_left in abandoned_drafts(path.parent):
        draft_left.unlink(missing_ok=True)
        notice(f"removed {draft_left}, an unfinished file of a killed command")
    lock = Lock(draft)
    try:
        if not lock.try_exclusive():
            raise ArchiveRefused(f"another command is writing {path}; wait for it, or name another file")
        draft.chmod(0o600)
        os.truncate(draft, 0)
    except OSError as problem:
        raise ArchiveRefused(f"{path} can't be written: {problem.strerror}") from None
    try:
        yield draft
        _keep(draft, path)
    except BaseException:
        draft.unlink(missing_ok=True)
        raise
    finally:
        lock.release()


def draft_of(path: Path) -> Path:
    """The path it is written to until it is complete. Raises: ArchiveRefused if `path` exists."""
    if path.exists():
        raise ArchiveRefused(f"{path} exists already; name another file or remove it")
    return path.with_name(f".{path.name}{_SUFFIX}")


def abandoned_drafts(folder: Path) -> list[Path]:
    """Drafts in this folder whose command no longer runs."""
    return [path for path in sorted(folder.glob(f".*{_SUFFIX}")) if _is_abandoned(path)]


def _is_abandoned(path: Path) -> bool:
    with suppress(OSError):
        lock = Lock(path)
        if path.lstat().st_uid == os.geteuid() and path.is_file() and lock.try_exclusive():
            lock.release()
            return True
    return False


def _keep(draft: Path, path: Path) -> None:
    """Rename the finished file; never replaces another one. Raises: ArchiveRefused."""
    try:
        os.link(draft, path)
    except FileExistsError:
        raise ArchiveRefused(f"{path} exists already; name another file or remove it") from None
    draft.unlink()
