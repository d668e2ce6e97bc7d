"""Decode JSON into a typed shape, or say which field was not what it should be."""

from typing import Any, TypeVar

import msgspec

from events.errors import UnreadablePayload
from events.payload import parse
from projections.errors import Unfoldable

Shape = TypeVar("Shape")


def decode(decoder: msgspec.json.Decoder[Shape], text: str | bytes | msgspec.Raw) -> Shape:
    """The shape. Raises: Unfoldable with the JSON path of the field that does not fit."""
    try:
        return decoder.decode(text)
    except msgspec.ValidationError as problem:
        raise unfoldable(problem) from None
    except (msgspec.DecodeError, UnicodeError):
        return convert(_parsed(text), decoder.type)


def convert(value: Any, shape: type[Shape]) -> Shape:  # Any: parsed JSON
    """The shape of JSON that is parsed already. Raises: Unfoldable."""
    try:
        return msgspec.convert(value, shape)
    except msgspec.ValidationError as problem:
        raise unfoldable(problem) from None


def unfoldable(problem: msgspec.ValidationError) -> Unfoldable:
    reason, _, path = str(problem).partition(" - at `")
    return Unfoldable(path.rstrip("`") or "$", reason)


def _parsed(text: str | bytes | msgspec.Raw) -> Any:  # Any: parsed JSON
    """JSON that msgspec refuses and Postgres stores: lone surrogates become U+FFFD."""
    try:
        return _scrubbed(parse(text if isinstance(text, str) else bytes(text)))
    except UnreadablePayload as problem:
        raise Unfoldable("$", str(problem)) from None


def _scrubbed(value: Any) -> Any:  # Any: parsed JSON
    if isinstance(value, str):
        return value.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    if isinstance(value, list):
        return [_scrubbed(item) for item in value]
    if isinstance(value, dict):
        return {_scrubbed(key): _scrubbed(item) for key, item in value.items()}
    return value
