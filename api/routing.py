"""Ids in paths: `<key:user_id>`."""

from werkzeug.routing import BaseConverter

KEY_LIMIT = 200
_PATTERN = rf"[^/\x00-\x1f\x7f]{{1,{KEY_LIMIT}}}"

KEY_SCHEMA = {"type": "string", "minLength": 1, "maxLength": KEY_LIMIT}


class KeyConverter(BaseConverter):
    """An id of 1 to 200 characters, none of them a slash or a control character.

    Nothing else can name anything, so anything else is a 404 and never reaches the database.
    """

    regex = _PATTERN
    part_isolating = True
