"""Decode JSON into a typed shape, or name the field that does not fit."""

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
    except RecursionError:
        raise Unfoldable("$", "JSON nested too deep") from None
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
    """Parse JSON that PostgreSQL stores but msgspec refuses."""
    try:
        return parse(text if isinstance(text, str) else bytes(text))
    except UnreadablePayload as problem:
        raise Unfoldable("$", str(problem)) from None
