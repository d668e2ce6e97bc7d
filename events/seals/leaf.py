"""The bytes that are sealed: an exact, versioned encoding of one event row.

Every field is a text (or null): its UTF-8 bytes after their length as a signed 32-bit
big-endian number, -1 for null. No two rows share an encoding, null is not the empty
text, and the domain line in front keeps events, part roots and later versions apart.
docs/proofs.md is the public specification.
"""

import struct
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from hashlib import sha256
from typing import NamedTuple
from uuid import UUID

LEAF_DOMAIN = b"tenure event leaf v1\n"

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_pack_length = struct.Struct(">i").pack
_NULL = _pack_length(-1)
_SHORT_LENGTHS = tuple(_pack_length(length) for length in range(1024))


class EventRow(NamedTuple):
    """The immutable columns of `events`, in the order in which they are sealed.

    `metadata` is the stored jsonb as PostgreSQL prints it (`metadata::text`). Salt and
    payload are not here: the digest stands for them, so that they can be erased.
    """

    part: int
    position: int
    id: UUID | str
    source_system: str
    idempotency_key: str
    livemode: bool | None
    route_key: str
    aggregate_type: str | None
    aggregate_id: str | None
    event_type: str
    event_version: int
    metadata: str | None
    correlation_id: str | None
    causation_id: str | None
    occurred_at: datetime
    recorded_at: datetime
    payload_digest: bytes | None


LEAF_COLUMNS: tuple[str, ...] = EventRow._fields


def event_leaf_hash(row: EventRow) -> bytes:
    """The leaf hash of an event as read into Python types."""
    return leaf_hash_of_texts(leaf_texts(row))


def event_leaf_hashes(rows: Iterable[EventRow]) -> list[bytes]:
    """The leaf hashes of many events, in their order: what `merkle.extend` takes."""
    return [leaf_hash_of_texts(leaf_texts(row)) for row in rows]


def leaf_hash_of_texts(texts: Sequence[str | None]) -> bytes:
    """The leaf hash of an event given as its `LEAF_COLUMNS` texts.

    Raises: ValueError if there are not exactly as many as there are columns, or if
    one is not Unicode text.
    """
    if len(texts) != len(LEAF_COLUMNS):
        raise ValueError(f"expected {len(LEAF_COLUMNS)} fields, found {len(texts)}")
    return sha256(b"\x00" + framed(LEAF_DOMAIN, texts)).digest()


def leaf_texts(row: EventRow) -> tuple[str | None, ...]:
    """The row's fields as the texts that are sealed, in the order of `LEAF_COLUMNS`."""
    return (
        str(row.part),
        str(row.position),
        str(row.id),
        row.source_system,
        row.idempotency_key,
        None if row.livemode is None else "true" if row.livemode else "false",
        row.route_key,
        row.aggregate_type,
        row.aggregate_id,
        row.event_type,
        str(row.event_version),
        row.metadata,
        row.correlation_id,
        row.causation_id,
        str(microseconds(row.occurred_at)),
        str(microseconds(row.recorded_at)),
        None if row.payload_digest is None else row.payload_digest.hex(),
    )


def microseconds(instant: datetime) -> int:
    """Microseconds since 1970-01-01T00:00Z, exact: no float on the way.

    Raises: TypeError if the instant has no time zone.
    """
    since = instant - _EPOCH
    return (since.days * 86_400 + since.seconds) * 1_000_000 + since.microseconds


def framed(domain: bytes, texts: Iterable[str | None]) -> bytes:
    """The domain line, then each text after its length, so that the encoding is unambiguous."""
    pieces = [domain]
    for text in texts:
        if text is None:
            pieces.append(_NULL)
            continue
        encoded = text.encode()
        length = len(encoded)
        pieces.append(_SHORT_LENGTHS[length] if length < 1024 else _pack_length(length))
        pieces.append(encoded)
    return b"".join(pieces)
