"""The part of an event: a pure function of its route key that never changes."""

from hashlib import sha256

from events.text import storable

PARTS = 64

CATALOG_ROUTE = "catalog"
SYSTEM_ROUTE = "system"

# A user id may equal one of these routes: an id from outside is arbitrary text. So the aggregate type of a
# domain event, never its route alone, decides whether it belongs to the service or to a user.
PLAN = "plan"
SERVICE_AGGREGATES = frozenset({PLAN, "configuration", "logging", "projection", "log"})

MAX_KEY_BYTES = 500


def part_of(route_key: str) -> int:
    """The part, 0 to 63, of a route key. A change would invalidate the duplicate check of all past events."""
    return int.from_bytes(sha256(route_key.encode("utf-8", "surrogatepass")).digest()[:8]) % PARTS


def index_key(text: str) -> str:
    """`text` as an index can store it: itself, or its digest when it is too long or not storable.

    A btree entry has at most 2,704 bytes, and PostgreSQL's text has no NUL and no lone surrogate.
    """
    raw = text.encode("utf-8", "surrogatepass")
    if len(raw) <= MAX_KEY_BYTES and storable(text) == text:
        return text
    return digest_key(raw)


def digest_key(raw: bytes) -> str:
    """The key of a body that has none of its own."""
    return f"sha256:{sha256(raw).hexdigest()}"
