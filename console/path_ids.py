"""Ids in addresses."""

from console.errors import not_found
from events.text import storable

KEY_LIMIT = 400


def key(found: str, what: str) -> str:
    """The id, as the database holds it. Raises: Refused (404) for one that is too long to name anything."""
    if not 0 < len(found) <= KEY_LIMIT:
        raise not_found(what)
    return storable(found)
