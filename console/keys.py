"""Ids in addresses."""

from console.errors import not_found

KEY_LIMIT = 400


def key(found: str, what: str) -> str:
    """The id; one that can name nothing never reaches the database. Raises: Refused (404)."""
    if not 0 < len(found) <= KEY_LIMIT or any(
        ord(char) < 32 or 0xD800 <= ord(char) < 0xE000 for char in found
    ):
        raise not_found(what)
    return found
