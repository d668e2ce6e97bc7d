"""Files between the stages: data, then sections to be read one at a time, then their offsets."""

from __future__ import annotations

import os
import struct
from collections import OrderedDict
from pathlib import Path
from types import TracebackType
from typing import Self

from msgspec import Struct

from projections.claiming import ObjectSummary
from projections.links import Claim

OPEN_FILES = 256


class Chunk(Struct, frozen=True, array_like=True):
    """Facts of one route, encoded, somewhere in a file of the reading stage."""

    file: int
    offset: int
    length: int
    first_at: int
    last_at: int
    count: int


class Hints(Struct, array_like=True):
    """The evidence about one customer's owner in a range of the log."""

    first_at: int
    objects: dict[str, ObjectSummary]
    claims: list[Claim]


class Head(Struct, array_like=True):
    """The chunk or the hints of one route in a range of the log."""

    route: str
    is_user: bool
    chunk: Chunk | None
    hints: Hints | None


class SpilledStream(Struct, array_like=True):
    """Part of a user's history: their own route, or a customer linked to them since some instant."""

    user: str
    customer: str | None
    since: int
    chunks: list[Chunk]


class SpillWriter:
    """A new file with mode 0600; it gets its final name only once it is complete."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._unfinished = path.with_suffix(f".{os.getpid()}")
        descriptor = os.open(self._unfinished, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
        self._file = os.fdopen(descriptor, "wb", buffering=1 << 20)
        self._size = 0

    def append(self, data: bytes | bytearray) -> int:
        """Append the data; returns its offset."""
        offset = self._size
        self._file.write(data)
        self._size += len(data)
        return offset

    def finish(self, sections: list[bytes]) -> int:
        """Close the file with its sections; returns its size."""
        starts = [self.append(section) for section in sections] + [self._size]
        self.append(struct.pack(f"<{len(starts)}q", *starts))
        self._file.close()
        self._unfinished.replace(self._path)
        return self._size

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._file.close()
        self._unfinished.unlink(missing_ok=True)


class Spills:
    """Reads the files of one stage; keeps the ones used last open."""

    def __init__(self, folder: Path, stage: str, *, sections: int) -> None:
        self._folder, self._stage, self._sections = folder, stage, sections
        self._open: OrderedDict[int, int] = OrderedDict()

    def data(self, chunk: Chunk) -> bytes:
        return os.pread(self._descriptor(chunk.file), chunk.length, chunk.offset)

    def section(self, number: int, index: int) -> bytes:
        """A section of file `number`; empty when nothing was written to it."""
        descriptor = self._descriptor(number)
        table = os.fstat(descriptor).st_size - 8 * (self._sections + 1)
        start, end = struct.unpack("<2q", os.pread(descriptor, 16, table + 8 * index))
        return os.pread(descriptor, end - start, start)

    def _descriptor(self, number: int) -> int:
        if number in self._open:
            self._open.move_to_end(number)
            return self._open[number]
        if len(self._open) >= OPEN_FILES:
            os.close(self._open.popitem(last=False)[1])
        self._open[number] = os.open(path_of(self._folder, self._stage, number), os.O_RDONLY)
        return self._open[number]

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for descriptor in self._open.values():
            os.close(descriptor)
        self._open.clear()


def path_of(folder: Path, stage: str, number: int) -> Path:
    return folder / f"{stage}-{number:05d}.spill"
