"""Following the log: what comes after a head vector, and the vector as a cursor."""

import binascii
from base64 import b64decode, urlsafe_b64encode
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from events.routing import PARTS
from events.statements import statement
from queries.bodies import with_bodies
from queries.errors import BadCursor
from queries.rows import AnyConnection, Row, fetch_all, fetch_one

Vector = tuple[int, ...]

START: Vector = (0,) * PARTS
_VERSION = b"v"
_MOST = 2**62


@dataclass(frozen=True, slots=True)
class Followed:
    """Events that matched, the vector behind everything that was looked at, and how many rows that was.

    `more`: there may be further events now.
    """

    events: list[Row]
    vector: Vector
    looked_at: int
    more: bool


def heads(conn: AnyConnection) -> Vector:
    """The present moment of the log."""
    row = fetch_one(conn, statement("queries", "head_vector"), {})
    assert row is not None  # an aggregate always answers one row
    return tuple(row["heads"])


def events_after(
    conn: AnyConnection,
    vector: Sequence[int],
    *,
    types: Sequence[str],
    live_only: bool,
    bodies: bool,
    limit: int,
) -> Followed:
    """The next events of every part, at most `limit` a part, those of `types` among them.

    With bodies fewer, when they exceed `rows.MOST_PAGE_BYTES`. Inside a part commit order is position
    order, so nothing is ever skipped.
    """
    rows = fetch_all(conn, statement("queries", "events_after"), {"positions": list(vector), "limit": limit})
    events = [row for row in rows if matches(row["event_type"], types) and (row["livemode"] or not live_only)]
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
    """Whether one of the types names it: exact, or a beginning followed by `*`."""
    return any(
        event_type.startswith(each[:-1]) if each.endswith("*") else event_type == each for each in types
    )


def vector_cursor(vector: Sequence[int]) -> str:
    """The vector as text: seven bits a byte, so a young log has a short cursor."""
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
    found, position, shift = [], 0, 0
    for byte in raw[1:]:
        position |= (byte & 0x7F) << shift
        shift += 7
        if byte < 0x80:
            found.append(position)
            position, shift = 0, 0
    if len(found) != PARTS or shift or max(found) > _MOST:
        raise BadCursor
    return tuple(found)
