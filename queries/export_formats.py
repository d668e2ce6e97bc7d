"""Rows of an export as jsonl, csv or parquet, in pieces of bounded size."""

import csv
import io
import re
from collections.abc import Callable, Iterable, Iterator
from datetime import datetime
from typing import Any
from uuid import UUID

import orjson
import pyarrow as pa
import pyarrow.parquet as pq

from queries.events import EventRow
from queries.export import BODY, COLUMNS
from queries.instants import iso

PIECE_BYTES = 64 * 1024
ROW_GROUP_BYTES = 8 * 1024 * 1024
ROW_GROUP_ROWS = 10_000

JSON_TEXT = ("metadata", "event_data")

_FORMULA = re.compile(r"'*[=+\-@\t\r\n＝＋－＠]")  # spreadsheets read the full-width forms alike


def jsonl(rows: Iterable[EventRow], *, bodies: bool) -> Iterator[bytes]:
    """One JSON object per line. A body is inserted as received, except for its line breaks."""
    names = _names(bodies)
    return _pieces(
        orjson.dumps(_spliced(row, names), default=_plain, option=orjson.OPT_PASSTHROUGH_DATETIME) + b"\n"
        for row in rows
    )


def csv_text(rows: Iterable[EventRow], *, bodies: bool) -> Iterator[bytes]:
    """RFC 4180 with a header line; null is an empty field, JSON is text, and no cell is a formula."""
    names = _names(bodies)
    line = io.StringIO(newline="")
    writer = csv.writer(line)

    def lines() -> Iterator[bytes]:
        writer.writerow(names)
        for row in rows:
            yield _drain(line)
            writer.writerow([_cell(row[name]) for name in names])
        yield _drain(line)

    return _pieces(lines())


def parquet(rows: Iterable[EventRow], *, bodies: bool) -> Iterator[bytes]:
    """Apache Parquet in row groups of about 8 MiB; a truncated file lacks its footer."""
    schema = pa.schema([(name, _PARQUET[kind]) for name, kind in _kinds(bodies).items()])
    sink = _Sink()
    with pq.ParquetWriter(sink, schema, compression="zstd") as writer:
        for group in _groups(rows):
            writer.write_table(pa.Table.from_pylist([_storable(row) for row in group], schema=schema))
            yield sink.drain()
    yield sink.drain()


class _Sink(io.RawIOBase):
    """A file that is only written to, and emptied as it fills."""

    def __init__(self) -> None:
        self._buffer = bytearray()
        self._position = 0

    def writable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._position

    def write(self, piece: Any) -> int:  # Any: whatever has a buffer
        self._buffer += piece
        self._position += len(piece)
        return len(piece)

    def drain(self) -> bytes:
        content, self._buffer = bytes(self._buffer), bytearray()
        return content


def _kinds(bodies: bool) -> dict[str, str]:
    return COLUMNS | BODY if bodies else COLUMNS


def _names(bodies: bool) -> list[str]:
    return list(_kinds(bodies))


def _pieces(lines: Iterable[bytes]) -> Iterator[bytes]:
    """Lines joined into larger pieces, so that a million rows are not a million socket writes."""
    buffer = bytearray()
    for line in lines:
        buffer += line
        if len(buffer) >= PIECE_BYTES:
            yield bytes(buffer)
            buffer.clear()
    if buffer:
        yield bytes(buffer)


def _groups(rows: Iterable[EventRow]) -> Iterator[list[EventRow]]:
    group: list[EventRow] = []
    size = 0
    for row in rows:
        group.append(row)
        size += len(row.get("event_data") or "") + len(row["metadata"])
        if size >= ROW_GROUP_BYTES or len(group) >= ROW_GROUP_ROWS:
            yield group
            group, size = [], 0
    if group:
        yield group


def _drain(line: io.StringIO) -> bytes:
    text = line.getvalue()
    line.seek(0)
    line.truncate()
    return text.encode()


def _spliced(row: EventRow, names: list[str]) -> EventRow:
    return {name: _fragment(row[name]) if name in JSON_TEXT else row[name] for name in names}


def _fragment(text: str | None) -> orjson.Fragment | None:
    # A line break between JSON tokens is white space, and a string can't contain one.
    return None if text is None else orjson.Fragment(text.replace("\r", " ").replace("\n", " "))


def _cell(value: object) -> object:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return inert(value)
    return iso(value) if isinstance(value, datetime) else value


def inert(text: str) -> str:
    """The text as a cell that no spreadsheet evaluates: an apostrophe before a possible formula.

    Text that already begins so gets another apostrophe, so `exact` restores every text.
    Source: https://owasp.org/www-community/attacks/CSV_Injection
    """
    return f"'{text}" if _FORMULA.match(text) else text


def exact(cell: str) -> str:
    """The text from which `inert` made the cell."""
    return cell[1:] if cell.startswith("'") and _FORMULA.match(cell) else cell


def _storable(row: EventRow) -> EventRow:
    return {name: str(value) if isinstance(value, UUID) else value for name, value in row.items()}


def _plain(value: object) -> str:
    if isinstance(value, datetime):
        return iso(value)
    raise TypeError(type(value).__name__)


_PARQUET = {
    "uuid": pa.string(),
    "text": pa.string(),
    "int2": pa.int16(),
    "int4": pa.int32(),
    "int8": pa.int64(),
    "bool": pa.bool_(),
    "timestamptz": pa.timestamp("us", tz="UTC"),
}

Format = Callable[..., Iterator[bytes]]

# Name to (how, media type).
FORMATS: dict[str, tuple[Format, str]] = {
    "jsonl": (jsonl, "application/jsonl"),
    "csv": (csv_text, "text/csv; charset=utf-8"),
    "parquet": (parquet, "application/vnd.apache.parquet"),
}
