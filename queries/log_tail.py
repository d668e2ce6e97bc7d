"""Following the log: the events after a head vector, and the vector as a cursor."""

import binascii
from base64 import b64decode, urlsafe_b64encode
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from events import livemode
from events.routing import PARTS
from events.statements import AnyConnection, Row, statement
from queries.bodies import with_bodies
from queries.errors import BadCursor
from queries.rows import fetch_all, fetch_one

Vector = tuple[int, ...]

START: Vector = (0,) * PARTS
_VERSION = b"v"
_MOST = 2**62


@dataclass(frozen=True, slots=True)
class Followed:
    """Matching events, the vector after all rows read, and the number of those rows.

    `more`: further events may be available now.
    """

    events: list[Row]
    vector: Vector
    looked_at: int
    more: bool


def heads(conn: AnyConnection) -> Vector:
    """The present head vector of the log."""
    row = fetch_one(conn, statement("queries", "head_vector"), {})
    assert row is not None  # an aggregate always answers one row
    return tuple(row["heads"])


def events_after(
    conn: AnyConnection,
    vector: Sequence[int],
    *,
    types: Sequence[str],
    bodies: bool,
    limit: int,
) -> Followed:
    """The events of `types` among the next events of every part, at most `limit` per part.

    With bodies fewer, when they exceed `rows.MAX_PAGE_BYTES`. Within a part commit order is position
    order, so no event is skipped.
    """
    rows = fetch_all(conn, statement("queries", "events_after"), {"positions": list(vector), "limit": limit})
    events = [row for row in rows if matches(row["event_type"], types) and livemode.counts(row["livemode"])]
    looked_at = rows
    if bodies and events:
        matching = len(events)
        events = with_bodies(conn, events)
        if len(events) < matching:
            last_id = events[-1]["id"]
            looked_at = rows[: [row["id"] for row in rows].index(last_id) + 1]
    reached = list(vector)
    for row in looked_at:
        reached[row["part"]] = max(reached[row["part"]], row["position"])
    more = len(looked_at) < len(rows) or len(rows) >= limit
    return Followed(events, tuple(reached), len(looked_at), more)


def matches(event_type: str, types: Iterable[str]) -> bool:
    """Whether the type matches one of `types`: exact, or a prefix followed by `*`."""
    return any(
        event_type.startswith(pattern[:-1]) if pattern.endswith("*") else event_type == pattern
        for pattern in types
    )


def vector_cursor(vector: Sequence[int]) -> str:
    """The vector as text: seven bits per byte, so a short log has a short cursor."""
    raw = bytearray(_VERSION)
    for position in vector:
        while position > 0x7F:
            raw.append(0x80 | (position & 0x7F))
            position >>= 7
        raw.append(position)
    return urlsafe_b64encode(bytes(raw)).rstrip(b"=").decode()


def read_vector_cursor(text: str) -> Vector:
    """The vector inside. Raises: BadCursor."""
    try:
        raw = b64decode((text + "=" * (-len(text) % 4)).encode("ascii"), altchars=b"-_", validate=True)
    except (UnicodeEncodeError, binascii.Error):
        raise BadCursor from None
    if raw[:1] != _VERSION or len(raw) > 1 + PARTS * 9:
        raise BadCursor
    positions, position, shift = [], 0, 0
    for byte in raw[1:]:
        position |= (byte & 0x7F) << shift
        shift += 7
        if byte < 0x80:
            positions.append(position)
            position, shift = 0, 0
    if len(positions) != PARTS or shift or max(positions) > _MOST:
        raise BadCursor
    return tuple(positions)
