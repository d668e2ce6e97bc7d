"""Reading proof files: JSON of exactly one shape, from untrusted sources."""

import json
from typing import Any, NoReturn

from events.seals.encoding import base64_bytes
from events.seals.errors import MalformedProofFile

LARGEST_FILE_BYTES = 16 * 1024 * 1024
LONGEST_PATH = 63 * 2


def parse_proof_file(text: str | bytes) -> dict[str, Any]:  # Any: checked field by field
    """The JSON object in a proof file.

    Raises: MalformedProofFile, also for a duplicate name: parsers differ on which value
    they use.
    """
    if len(text) > LARGEST_FILE_BYTES:
        raise MalformedProofFile(f"expected at most {LARGEST_FILE_BYTES} bytes, found more")
    try:
        document = json.loads(text, object_pairs_hook=_without_repeats, parse_constant=_refuse)
    except RecursionError:
        raise MalformedProofFile("expected a flat JSON object, found deep nesting") from None
    except ValueError as problem:
        raise MalformedProofFile(f"expected JSON, found: {problem}") from None
    if not isinstance(document, dict):
        raise MalformedProofFile(f"expected a JSON object, found {type(document).__name__}")
    return document


def exactly(value: object, names: tuple[str, ...], *, what: str) -> dict[str, Any]:
    """`value`, checked to be an object with exactly these names."""
    if not isinstance(value, dict) or set(value) != set(names):
        listed = ", ".join(sorted(map(str, value))) if isinstance(value, dict) else "no object"
        raise MalformedProofFile(f"{what}: expected {', '.join(names)}; found {listed}")
    return value


def version(value: object, expected: int, *, what: str) -> None:
    """Raise unless `value` is the format version that this code reads."""
    if type(value) is not int or value != expected:
        raise MalformedProofFile(f"{what}: expected format {expected}, found {value!r}")


def text(value: object, *, what: str) -> str:
    """`value`, checked to be a string that UTF-8 can encode."""
    if not isinstance(value, str):
        raise MalformedProofFile(f"{what}: expected a text, found {type(value).__name__}")
    try:
        value.encode()
    except UnicodeEncodeError:
        raise MalformedProofFile(f"{what}: expected Unicode text, found half a pair") from None
    return value


def raw_bytes(value: object, *, what: str) -> bytes:
    """The bytes that `value` encodes in canonical base64."""
    try:
        return base64_bytes(text(value, what=what))
    except ValueError as problem:
        raise MalformedProofFile(f"{what}: {problem}") from None


def path(value: object, *, what: str) -> list[bytes]:
    """The hashes in a list of base64 texts."""
    if not isinstance(value, list) or len(value) > LONGEST_PATH:
        raise MalformedProofFile(f"{what}: expected a list of at most {LONGEST_PATH} hashes")
    return [raw_bytes(element, what=what) for element in value]


def _without_repeats(pairs: list[tuple[str, object]]) -> dict[str, object]:
    fields = dict(pairs)
    if len(fields) != len(pairs):
        raise ValueError("a name that stands there twice")
    return fields


def _refuse(name: str) -> NoReturn:
    raise ValueError(name)
