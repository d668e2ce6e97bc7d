"""Bodies: parsing untrusted ones, and the salted digest that remains after an erasure."""

import json
import os
from hashlib import sha256
from typing import Any, NoReturn

import orjson

from events.errors import UnreadablePayload

SALT_BYTES = 16


def parse(body: bytes | str) -> dict[str, Any]:  # Any: a provider's JSON may be of any shape
    """The JSON object in `body`.

    Raises: UnreadablePayload for anything else, bad UTF-8, NaN and nesting too deep included.
    """
    try:
        document = orjson.loads(body)
    except orjson.JSONDecodeError:
        document = _parse_leniently(body)
    if not isinstance(document, dict):
        raise UnreadablePayload(f"a JSON {_json_name(document)}")
    return document


def _parse_leniently(body: bytes | str) -> object:
    """Parse with the standard library: orjson refuses lone surrogates, which PostgreSQL stores."""
    try:
        text = body.decode("utf-8") if isinstance(body, bytes) else body
        return json.loads(text, parse_constant=_refuse_constant)
    except UnicodeDecodeError:
        raise UnreadablePayload("bytes that are not UTF-8") from None
    except RecursionError:
        raise UnreadablePayload("JSON nested too deep") from None
    except ValueError as problem:
        raise UnreadablePayload(f"no JSON ({type(problem).__name__})") from None


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(name)


def _json_name(value: object) -> str:
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "boolean"
    if isinstance(value, str):
        return "string"
    return "array" if isinstance(value, list) else "number"


def new_salt() -> bytes:
    """Sixteen random bytes: without them a digest of a guessable payload would reveal it."""
    return os.urandom(SALT_BYTES)


def digest(salt: bytes, payload: str) -> bytes:
    """SHA-256 over salt and payload text, which the seals cover instead of the payload."""
    return sha256(salt + payload.encode("utf-8")).digest()
