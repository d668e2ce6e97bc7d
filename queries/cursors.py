"""Page cursors: opaque to callers, and validated like any other input."""

import binascii
import struct
from base64 import b64decode, urlsafe_b64encode
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from events.clock import from_micros, micros
from events.routing import PARTS
from events.text import storable
from queries.errors import BadCursor

_EVENT = struct.Struct(">cqBq")
_USER = struct.Struct(">c16s")
_PLACE = struct.Struct(">cq16s")
# The kind distinguishes the cursors of different orders.
_RECORDED, _OCCURRED, _USER_KIND = b"r", b"o", b"u"


@dataclass(frozen=True, slots=True)
class EventKey:
    """The sort key of an event: recording time or time of occurrence, then part and position."""

    at: datetime
    part: int
    position: int
    by_occurrence: bool = False


def event_cursor(key: EventKey) -> str:
    """The cursor of one event, exact to the microsecond."""
    kind = _OCCURRED if key.by_occurrence else _RECORDED
    return _text(_EVENT.pack(kind, micros(key.at), key.part, key.position))


def read_event_cursor(text: str) -> EventKey:
    """The key inside. Raises: BadCursor."""
    kind, at_us, part, position = _unpacked(_EVENT, text)
    if kind not in (_RECORDED, _OCCURRED) or part >= PARTS or position < 1:
        raise BadCursor
    try:
        return EventKey(from_micros(at_us), part, position, kind == _OCCURRED)
    except OverflowError:
        raise BadCursor from None


def user_cursor(row_id: UUID) -> str:
    """The cursor of one user."""
    return _text(_USER.pack(_USER_KIND, row_id.bytes))


def read_user_cursor(text: str) -> UUID:
    """The row id inside. Raises: BadCursor."""
    kind, raw = _unpacked(_USER, text)
    if kind != _USER_KIND:
        raise BadCursor
    return UUID(bytes=raw)


def place_cursor(kind: str, place: int, row_id: UUID) -> str:
    """The cursor of one row in a listing of that kind (one letter): its sort key and its id."""
    return _text(_PLACE.pack(kind.encode(), place, row_id.bytes))


def read_place_cursor(kind: str, text: str) -> tuple[int, UUID]:
    """(place, row id) inside. Raises: BadCursor."""
    actual_kind, place, raw = _unpacked(_PLACE, text)
    if actual_kind != kind.encode():
        raise BadCursor
    return place, UUID(bytes=raw)


def name_cursor(kind: str, name: str) -> str:
    """The cursor of one row in a listing of that kind (one letter) that is sorted by a name."""
    return _text(kind.encode() + name.encode())


def read_name_cursor(kind: str, text: str) -> str:
    """The name inside. Raises: BadCursor."""
    raw = _raw(text)
    name = raw[1:].decode(errors="replace")
    if raw[:1] != kind.encode() or name != storable(name) or name_cursor(kind, name) != text:
        raise BadCursor
    return name


def _text(raw: bytes) -> str:
    return urlsafe_b64encode(raw).rstrip(b"=").decode()


def _unpacked(layout: struct.Struct, text: str) -> tuple[Any, ...]:  # Any: the layout says
    try:
        return layout.unpack(_raw(text))
    except struct.error:
        raise BadCursor from None


def _raw(text: str) -> bytes:
    padded = text + "=" * (-len(text) % 4)
    try:
        return b64decode(padded.encode("ascii"), altchars=b"-_", validate=True)
    except (UnicodeEncodeError, binascii.Error):
        raise BadCursor from None
