"""Ids: UUIDv7 for new rows, UUIDv5 for rows derived from events."""

import os
import time
from uuid import UUID, uuid5

TENURE_NAMESPACE = UUID("6f1d1c5e-6d0b-5c8e-9a53-3f0b8e1f5a10")


def uuid7() -> UUID:
    """A new time-ordered id. Source: RFC 9562 §5.7."""
    stamp = time.time_ns() // 1_000_000
    value = (stamp << 80) | int.from_bytes(os.urandom(10))
    value = (value & ~(0xF << 76)) | (0x7 << 76)
    return UUID(int=(value & ~(0x3 << 62)) | (0x2 << 62))


def derived_id(table: str, key: str) -> UUID:
    """The id of a projected row, the same in every rebuild. Source: RFC 9562 §5.5."""
    return uuid5(TENURE_NAMESPACE, key if table == "users" else f"{table}:{key}")


def key_part(text: str) -> str:
    """A part of an idempotency key in which a colon can't be mistaken for the one between parts."""
    return text.replace("%", "%25").replace(":", "%3A")
