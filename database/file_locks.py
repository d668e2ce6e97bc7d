"""File locks that the kernel releases when their process dies, even after kill -9."""

import fcntl
import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path


class Lock:
    """An flock on one file. A forked child shares it; the last copy closed releases it."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._fd: int | None = None

    @property
    def held(self) -> bool:
        """Whether this object holds the lock, shared or exclusive."""
        return self._fd is not None

    def fileno(self) -> int:
        """The descriptor, to pass the lock to a child process."""
        assert self._fd is not None
        return self._fd

    def shared(self) -> None:
        """Take the lock beside other shared holders; waits for an exclusive one."""
        self._take(fcntl.LOCK_SH)

    def try_exclusive(self) -> bool:
        """Take the lock if it is free."""
        try:
            self._take(fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True

    def try_exclusive_for(self, seconds: float) -> bool:
        """Take the lock, waiting at most `seconds`."""
        deadline = time.monotonic() + seconds
        while not self.try_exclusive():
            if time.monotonic() > deadline:
                return False
            time.sleep(0.02)
        return True

    @contextmanager
    def exclusive(self, waiting: Callable[[], None] = lambda: None) -> Iterator[None]:
        """Hold the lock for a block; `waiting` is called once if another process has it."""
        if not self.try_exclusive():
            waiting()
            self._take(fcntl.LOCK_EX)
        try:
            yield
        finally:
            self.release()

    def release(self) -> None:
        """Close our copy of the lock."""
        if self._fd is not None:
            os.close(self._fd)
            self._fd = None

    def _take(self, how: int) -> None:
        assert self._fd is None, f"{self.path} is held already"
        fd = os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(fd, how)
        except BaseException:
            os.close(fd)
            raise
        self._fd = fd
