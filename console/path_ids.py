"""Ids in paths."""

from console.errors import not_found
from events.text import storable

KEY_LIMIT = 400


def key(raw: str, what: str) -> str:
    """The id in its stored form. Raises: Refused (404) for one that is too long."""
    if not 0 < len(raw) <= KEY_LIMIT:
        raise not_found(what)
    return storable(raw)
