"""The format of an archive: rows as JSON lines between a header and a trailer with counts and a checksum.

    {"tenure_archive": 1, "kind": "log", "tables": {"events": ["part", …], …}, …}
    {"events": {"part": "3", "position": "1", "event_data": "{…}", "payload_salt": "\\\\x5f…", …}}
    {"end": {"rows": {"events": 1, …}, "sha256": "…"}}

Every cell is PostgreSQL's text for its type, so it is restored byte for byte. The checksum covers all
lines before the trailer. A file whose name ends in .gz is compressed.
"""

import gzip
import os
import sys
import zlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from typing import IO, Any

import orjson

from archive.drafts import drafting
from archive.errors import ArchiveRefused

VERSION = 1
LARGEST_LINE_BYTES = 256 * 1024 * 1024
GZIP = b"\x1f\x8b"
Cells = Sequence[str | None]
Header = dict[str, Any]  # Any: JSON values


class Damaged(ArchiveRefused):
    """The file was changed or cut off. Use another copy; nothing of it was imported."""

    def __init__(self, name: object, what: str) -> None:
        super().__init__(f"{name} is damaged: {what}; nothing was changed, use another copy")


@dataclass
class Writer:
    """Writes one archive; without `close` it has no trailer and readers refuse it."""

    _out: IO[bytes] | gzip.GzipFile
    columns: Mapping[str, Sequence[str]]
    rows: dict[str, int] = field(default_factory=dict)
    _seen: Any = field(default_factory=sha256)  # Any: hashlib has no public type

    def begin(self, header: Header) -> None:
        self._line({"tenure_archive": VERSION, **header, "tables": self.columns})

    def row(self, table: str, cells: Cells) -> None:
        self._line({table: dict(zip(self.columns[table], cells, strict=True))})
        self.rows[table] = self.rows.get(table, 0) + 1

    def close(self, sign: Callable[[str], str | None] = lambda _: None) -> None:
        """Write the trailer; `sign` gives the note that signs the checksum, if there is one."""
        checksum = self._seen.hexdigest()
        end: dict[str, object] = {"rows": self.rows, "sha256": checksum}
        if note := sign(checksum):
            end["signature"] = note
        self._out.write(orjson.dumps({"end": end}) + b"\n")

    def _line(self, value: object) -> None:
        line = orjson.dumps(value) + b"\n"
        self._seen.update(line)
        self._out.write(line)


@contextmanager
def reading(path: Path, *, on_progress: Callable[[int], None] = lambda _: None) -> Iterator["Reader"]:
    """The archive's header and, once, its rows; `on_progress` receives the bytes of the file read so far.

    Raises: ArchiveRefused if it can't be opened, Damaged if it is incomplete.
    """
    try:
        raw = path.open("rb")
    except OSError as problem:
        raise ArchiveRefused(f"{path} can't be read: {problem.strerror}") from None
    with raw:
        packed = raw.read(2) == GZIP
        raw.seek(0)
        lines = gzip.GzipFile(fileobj=raw) if packed else raw
        try:
            yield Reader(path, lines, lambda: on_progress(raw.tell()))
        except (EOFError, gzip.BadGzipFile, zlib.error) as problem:
            raise Damaged(path, f"its compressed text ends or breaks early ({problem})") from None


class Reader:
    """The lines of an archive, each hashed before it is returned."""

    def __init__(self, path: Path, lines: IO[bytes] | gzip.GzipFile, on_progress: Callable[[], None]) -> None:
        self.path = path
        self._lines = lines
        self._on_progress = on_progress
        self._seen = sha256()
        header = self._read()
        if header is None or "tenure_archive" not in header:
            raise ArchiveRefused(f"{path} is not a Tenure archive: its first line is not a header")
        if header["tenure_archive"] != VERSION:
            raise ArchiveRefused(
                f"{path} has format {header['tenure_archive']}, expected {VERSION}: use a newer tenure"
            )
        self.header: Header = header
        self.columns: dict[str, list[str]] = header["tables"]
        self.checksum: str = ""  # like `signature`, set once all rows are read
        self.signature: str | None = None

    def rows(self) -> Iterator[tuple[str, list[str | None]]]:
        """(table, cells in the header's order) of each row. Raises: Damaged, at the latest at the end."""
        counted: dict[str, int] = {}
        while True:
            before = self._seen.hexdigest()
            line = self._read()
            if line is None:
                raise Damaged(self.path, "it ends without its trailer, so the rest is missing")
            if "end" in line:
                return self._close(line["end"], counted, before)
            [(table, cells)] = line.items()
            names = self.columns.get(table)
            if names is None or not isinstance(cells, dict) or list(cells) != names:
                raise Damaged(self.path, f"a row of {table} has other columns than its header lists")
            counted[table] = counted.get(table, 0) + 1
            if counted[table] % 1000 == 1:
                self._on_progress()
            yield table, [cells[name] for name in names]

    def _close(self, end: dict[str, Any], counted: dict[str, int], before: str) -> None:
        # Any: JSON values
        if end.get("sha256") != before:
            raise Damaged(self.path, "the checksum of its rows differs from the one in its trailer")
        if end.get("rows") != counted:
            raise Damaged(self.path, f"its trailer counts {end.get('rows')}, found {counted}")
        if self._lines.readline():
            raise Damaged(self.path, "it has content after its trailer")
        self.checksum, self.signature = before, end.get("signature")
        self._on_progress()

    def _read(self) -> dict[str, Any] | None:  # Any: JSON values
        line = self._lines.readline(LARGEST_LINE_BYTES)
        if not line:
            return None
        if not line.endswith(b"\n"):
            raise Damaged(self.path, "its last line is cut off")
        self._seen.update(line)
        try:
            value = orjson.loads(line)
        except orjson.JSONDecodeError:
            raise Damaged(self.path, "a line is not JSON") from None
        if not isinstance(value, dict):
            raise Damaged(self.path, "a line is not a JSON object")
        return value


@contextmanager
def new_file(path: Path | None) -> Iterator[IO[bytes] | gzip.GzipFile]:
    """A file for its owner's eyes that gets its name when all of it is on disk; stdout for None.

    Raises: ArchiveRefused when something is there already or it can't be written.
    """
    if path is None:
        yield sys.stdout.buffer
        sys.stdout.buffer.flush()
        return
    with drafting(path) as draft, draft.open("wb") as raw:
        if path.suffix == ".gz":
            with gzip.GzipFile(fileobj=raw, mode="wb", compresslevel=4, mtime=0) as packed:
                yield packed
        else:
            yield raw
        raw.flush()
        os.fsync(raw.fileno())
