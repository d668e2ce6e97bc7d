"""Read a provider's JSON leniently: any value may have any type, and nothing here raises."""

from collections.abc import Mapping
from datetime import UTC, datetime

from events.clock import from_micros
from events.text import storable

Json = Mapping[str, object]

MAX_NAME_CHARS = 200

_LAST_SECOND = 253_402_300_799  # 9999-12-31T23:59:59Z


def at(value: object, *path: str) -> object:
    """The value at `path`; None when there is none."""
    for name in path:
        if not isinstance(value, dict):
            return None
        value = value.get(name)
    return value


def text_at(value: object, *path: str) -> str | None:
    """The text at `path`; None when there is none, or it is empty or something else."""
    text = at(value, *path)
    return text if isinstance(text, str) and text else None


def name_or_id(value: object) -> str | None:
    """An id given as text or, expanded, as the object that has it."""
    return text_at({"id": value}, "id") or text_at(value, "id")


def name_of(text: str) -> str:
    """`text` as a column can hold it, cut at 200 characters."""
    return storable(text[:MAX_NAME_CHARS])


def kept(**values: object) -> dict[str, object]:
    """The usable values: storable text and booleans; others are omitted."""
    return {
        name: name_of(value) if isinstance(value, str) else value
        for name, value in values.items()
        if isinstance(value, bool) or (isinstance(value, str) and value)
    }


def from_seconds(value: object) -> datetime | None:
    """The instant of whole Unix seconds; None for anything else, times before 1970 included."""
    if type(value) is int and 0 <= value <= _LAST_SECOND:
        return from_micros(value * 1_000_000)
    return None


def from_millis(value: object) -> datetime | None:
    """The instant of whole Unix milliseconds; None for anything else."""
    if type(value) is int and 0 <= value <= _LAST_SECOND * 1000:
        return from_micros(value * 1000)
    return None


def from_iso(value: object) -> datetime | None:
    """The instant of an ISO 8601 text, UTC when it names no zone; None for anything else."""
    if not isinstance(value, str):
        return None
    try:
        read = datetime.fromisoformat(value)
        instant = read.replace(tzinfo=UTC) if read.tzinfo is None else read.astimezone(UTC)
    except (ValueError, OverflowError):
        return None
    return instant if instant.year >= 1970 else None
