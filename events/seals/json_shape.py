"""Reading proof files: JSON of exactly one shape, from people who may wish us ill."""

import json
from typing import Any, NoReturn

from events.seals.encoding import base64_bytes
from events.seals.errors import MalformedProofFile

LARGEST_FILE_BYTES = 16 * 1024 * 1024
LONGEST_PATH = 63 * 2


def parse_proof_file(text: str | bytes) -> dict[str, Any]:  # Any: checked field by field
    """The JSON object in a proof file.

    Raises: MalformedProofFile, also for a name that stands there twice: readers would
    differ on which one counts.
    """
    if len(text) > LARGEST_FILE_BYTES:
        raise MalformedProofFile(f"expected at most {LARGEST_FILE_BYTES} bytes, found more")
    try:
        found = json.loads(text, object_pairs_hook=_without_repeats, parse_constant=_refuse)
    except RecursionError:
        raise MalformedProofFile("expected a flat JSON object, found deep nesting") from None
    except ValueError as problem:
        raise MalformedProofFile(f"expected JSON, found: {problem}") from None
    if not isinstance(found, dict):
        raise MalformedProofFile(f"expected a JSON object, found {type(found).__name__}")
    return found


def exactly(found: object, names: tuple[str, ...], *, what: str) -> dict[str, Any]:
    """`found`, known to be an object with these names and no others."""
    if not isinstance(found, dict) or set(found) != set(names):
        listed = ", ".join(sorted(map(str, found))) if isinstance(found, dict) else "no object"
        raise MalformedProofFile(f"{what}: expected {', '.join(names)}; found {listed}")
    return found


def version(found: object, expected: int, *, what: str) -> None:
    """Raise unless `found` is the format version this code reads."""
    if type(found) is not int or found != expected:
        raise MalformedProofFile(f"{what}: expected format {expected}, found {found!r}")


def text(found: object, *, what: str) -> str:
    """`found`, known to be a text that has UTF-8 bytes."""
    if not isinstance(found, str):
        raise MalformedProofFile(f"{what}: expected a text, found {type(found).__name__}")
    try:
        found.encode()
    except UnicodeEncodeError:
        raise MalformedProofFile(f"{what}: expected Unicode text, found half a pair") from None
    return found


def raw_bytes(found: object, *, what: str) -> bytes:
    """The bytes that `found` spells in canonical base64."""
    try:
        return base64_bytes(text(found, what=what))
    except ValueError as problem:
        raise MalformedProofFile(f"{what}: {problem}") from None


def path(found: object, *, what: str) -> list[bytes]:
    """The hashes in a list of base64 texts."""
    if not isinstance(found, list) or len(found) > LONGEST_PATH:
        raise MalformedProofFile(f"{what}: expected a list of at most {LONGEST_PATH} hashes")
    return [raw_bytes(each, what=what) for each in found]


def _without_repeats(pairs: list[tuple[str, object]]) -> dict[str, object]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a name that stands there twice")
    return found


def _refuse(name: str) -> NoReturn:
    raise ValueError(name)
