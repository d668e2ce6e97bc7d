"""Metric files with reserved disk space, so that a full disk does not kill a worker.

prometheus_client maps sparse files into memory, and on a full disk the first write to a page of one is a
SIGBUS, which kills the worker. A worker without room counts in its own memory instead.
"""

import os
from typing import Any

import structlog
from prometheus_client import values
from prometheus_client.mmap_dict import MmapedDict

INITIAL_BYTES = 1 << 16  # as the library

_log = structlog.get_logger("tenure.metrics")


def install() -> None:
    """Make prometheus_client use these files; call it in a worker before anything is counted."""
    library: Any = values  # Any: the name is the module's own
    library.MmapedDict = opened


def opened(filename: str, read_mode: bool = False) -> "ReservedDict | InMemory":
    """The file, or the worker's own memory if the disk has no room for it."""
    try:
        return ReservedDict(filename, read_mode)
    except OSError as problem:
        _log.warning("no room for counts: this worker counts for itself", error=problem.strerror)
        return InMemory()


class ReservedDict(MmapedDict):
    """A file whose pages are allocated before they are written; keys without room are not stored."""

    def __init__(self, filename: str, read_mode: bool = False) -> None:
        if not read_mode:
            _reserve(filename, INITIAL_BYTES)
        super().__init__(filename, read_mode)  # type: ignore[no-untyped-call]

    def read_value(self, key: str) -> tuple[float, float]:
        if not self._has_room(key):
            return 0.0, 0.0
        reading: tuple[float, float] = super().read_value(key)  # type: ignore[no-untyped-call]
        return reading

    def write_value(self, key: str, value: float, timestamp: float) -> None:
        if self._has_room(key):
            super().write_value(key, value, timestamp)  # type: ignore[no-untyped-call]

    def _has_room(self, key: str) -> bool:
        """Whether the key is in the file or fits, perhaps after the file has grown to twice its size."""
        if key in self._positions:
            return True
        needed = self._used + len(key.encode()) + 32  # its length, its padding and two doubles
        if needed > self._capacity:
            try:
                _reserve(self._fname, self._capacity * 2)
            except OSError:
                return False
        return bool(needed <= self._capacity * 2)


class InMemory:
    """Same interface as the library's file, but in the worker's memory."""

    def __init__(self) -> None:
        self._values: dict[str, tuple[float, float]] = {}

    def read_value(self, key: str) -> tuple[float, float]:
        return self._values.setdefault(key, (0.0, 0.0))

    def write_value(self, key: str, value: float, timestamp: float) -> None:
        self._values[key] = (value, timestamp)

    def close(self) -> None:
        self._values.clear()


def _reserve(filename: str, size: int) -> None:
    """Raises: OSError when the disk is full."""
    with open(filename, "a+b") as file:  # noqa: PTH123  (as the library opens it)
        before = os.fstat(file.fileno()).st_size
        try:
            if hasattr(os, "posix_fallocate"):
                os.posix_fallocate(file.fileno(), 0, size)
            else:  # macOS
                file.write(b"\0" * (size - before))
                file.flush()
        except OSError:
            if before == 0:
                os.unlink(filename)  # noqa: PTH108  (an empty one would break every scrape)
            raise
