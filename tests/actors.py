"""Who an event says decided."""

import re
from uuid import UUID

_TOKEN = re.compile(r"token:([0-9a-f-]{36}) (.*)")


def token_name(actor: str) -> str:
    """The token's name, once the actor was seen to begin with a token's id."""
    match = _TOKEN.fullmatch(actor)
    assert match is not None, actor
    UUID(match[1])
    return match[2]
