"""Text that PostgreSQL can store: NUL and lone surrogates become U+FFFD.

The replacement is made on values, never on encoded JSON: there the escape of a NUL and six literal
characters that look like it differ only by the number of backslashes before them.
"""

import json
from typing import Any

import msgspec
from msgspec import Raw

from events.errors import UnreadablePayload

REPLACEMENT = "\ufffd"

# JSON without any of these has no escape of a NUL or a surrogate.
_NUL, _LOWER, _UPPER = "\\u0000", "\\ud", "\\uD"


def storable(text: str) -> str:
    """The text with U+FFFD for each NUL and each lone surrogate."""
    if text.isascii():
        return text.replace("\x00", REPLACEMENT)
    try:
        text.encode()
    except UnicodeEncodeError:
        text = text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    return text.replace("\x00", REPLACEMENT)


def storable_value(value: Any) -> Any:  # Any: parsed JSON
    """The same JSON value with every string in it storable, keys included.

    Raises: UnreadablePayload when it is nested too deep.
    """
    try:
        return _walked(value)
    except RecursionError:
        raise UnreadablePayload("JSON nested too deep") from None


def _walked(value: Any) -> Any:  # Any: parsed JSON
    if isinstance(value, str):
        return storable(value)
    if isinstance(value, dict):
        return {_walked(key): _walked(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_walked(item) for item in value]
    return value


def storable_json(text: str) -> str:
    """The same JSON document with every string in it storable; numbers keep their digits.

    Raises: UnreadablePayload when the document is nested too deep.
    """
    if not ("\\u" in text and (_NUL in text or _LOWER in text or _UPPER in text)):
        return text
    try:
        document = json.loads(text, parse_int=_as_written, parse_float=_as_written)
        return msgspec.json.encode(storable_value(document)).decode()
    except RecursionError:
        raise UnreadablePayload("JSON nested too deep") from None
    except ValueError as problem:
        raise UnreadablePayload(f"no JSON ({type(problem).__name__})") from None


def _as_written(number: str) -> Raw:
    return Raw(number.encode())
