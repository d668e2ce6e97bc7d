"""The bytes that are sealed: an exact, versioned encoding of one event row.

Every field is a text (or null): its UTF-8 bytes after their length as a signed 32-bit
big-endian number, -1 for null. No two rows share an encoding, null is not the empty
text, and the domain line in front keeps events, part roots and later versions apart.
docs/proofs.md is the public specification.
"""

import struct
from collections.abc import Iterable, Sequence
from hashlib import sha256

LEAF_DOMAIN = b"tenure event leaf v1\n"

_pack_length = struct.Struct(">i").pack
_NULL = _pack_length(-1)
_SHORT_LENGTHS = tuple(_pack_length(length) for length in range(1024))


# The immutable columns of `events`, in the order in which they are sealed. Salt and payload are not here: the
# digest stands for them, so that they can be erased.
LEAF_COLUMNS = (
    "part",
    "position",
    "id",
    "source_system",
    "idempotency_key",
    "livemode",
    "route_key",
    "aggregate_type",
    "aggregate_id",
    "event_type",
    "event_version",
    "metadata",
    "correlation_id",
    "causation_id",
    "occurred_at",
    "recorded_at",
    "payload_digest",
)


def leaf_hash_of_texts(texts: Sequence[str | None]) -> bytes:
    """The leaf hash of an event given as its `LEAF_COLUMNS` texts.

    Raises: ValueError if there are not exactly as many as there are columns, or if
    one is not Unicode text.
    """
    if len(texts) != len(LEAF_COLUMNS):
        raise ValueError(f"expected {len(LEAF_COLUMNS)} fields, found {len(texts)}")
    return sha256(b"\x00" + framed(LEAF_DOMAIN, texts)).digest()


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
