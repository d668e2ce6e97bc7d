"""Which part an event lives in: a pure function of its route key, fixed for ever."""

from hashlib import sha256

from events.text import storable

PARTS = 64

CATALOG_ROUTE = "catalog"
SYSTEM_ROUTE = "system"

# A user may have the name of one of these routes: an id from outside is any text. So it is what an event
# of ours is about, never its route alone, that says whether it is the service's or a user's.
PLAN = "plan"
SERVICE_AGGREGATES = frozenset({PLAN, "configuration", "logging", "projection", "log"})

MAX_KEY_BYTES = 500


def part_of(route_key: str) -> int:
    """The part, 0 to 63, of a route key. Changing this would lose every duplicate check ever made."""
    return int.from_bytes(sha256(route_key.encode("utf-8", "surrogatepass")).digest()[:8]) % PARTS


def index_key(text: str) -> str:
    """`text` as an index can hold it: itself, or its digest when it is too long or can't be stored.

    A btree entry ends at 2,704 bytes, and Postgres' text has no NUL and no lone surrogate.
    """
    raw = text.encode("utf-8", "surrogatepass")
    if len(raw) <= MAX_KEY_BYTES and storable(text) == text:
        return text
    return digest_key(raw)


def digest_key(raw: bytes) -> str:
    """The key of what has none of its own."""
    return f"sha256:{sha256(raw).hexdigest()}"
