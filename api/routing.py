"""Ids in paths: `<key:user_id>`."""

from werkzeug.routing import BaseConverter

from events.text import storable

KEY_LIMIT = 200
_PATTERN = rf"[^/]{{1,{KEY_LIMIT}}}"

KEY_SCHEMA = {"type": "string", "minLength": 1, "maxLength": KEY_LIMIT}


class KeyConverter(BaseConverter):
    """An id of 1 to 200 characters without a slash: anything else is a 404.

    A NUL is read as U+FFFD, as in every stored id.
    """

    regex = _PATTERN
    part_isolating = True

    def to_python(self, value: str) -> str:
        return storable(value)
