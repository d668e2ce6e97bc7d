"""Signed notes: a text, a blank line, and one line per signature.

Source: https://c2sp.org/signed-note
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from events.seals.encoding import base64_bytes, base64_text
from events.seals.errors import MalformedNote, SignatureRefused, UnusableKey
from events.seals.keys import KEY_ID_BYTES, SigningKey, VerifierKey

LARGEST_NOTE_BYTES = 256 * 1024
MAX_SIGNATURES = 32

NOT_TRUSTED = "expected a signature by a trusted key"

_DASH = "\N{EM DASH} "


@dataclass(frozen=True, slots=True)
class Signature:
    """One signature line: key name, key id, and the signature."""

    name: str
    key_id: bytes
    signature: bytes

    def line(self) -> str:
        """The line in a note, its newline included."""
        return f"{_DASH}{self.name} {base64_text(self.key_id + self.signature)}\n"


@dataclass(frozen=True, slots=True)
class Note:
    """A note's text, its last newline included, and its signatures, none of them checked."""

    text: str
    signatures: tuple[Signature, ...]


@dataclass(frozen=True, slots=True)
class VerifiedNote:
    """A text with verified signatures by the keys in `signed_by`, at least one."""

    text: str
    signed_by: tuple[VerifierKey, ...]


def sign_note(text: str, keys: Sequence[SigningKey]) -> str:
    """The text as a note signed by every one of the keys: all of them during a rotation.

    Raises: MalformedNote if the text cannot be a note's; UnusableKey without a key.
    """
    if not keys:
        raise UnusableKey("expected at least one signing key, found none")
    message = text.encode()
    lines = [Signature(key.name, key.verifier.key_id, key.sign(message)).line() for key in keys]
    signed = f"{text}\n{''.join(lines)}"
    if parse_note(signed).text != text:
        raise MalformedNote("expected a text that ends in one newline, found another end")
    return signed


def verify_note(signed: str | bytes, trusted: Iterable[VerifierKey]) -> VerifiedNote:
    """The note's text and which trusted keys signed it.

    Signatures by keys that are not trusted are ignored, as rotation and witnesses need.
    A bad signature in the name of a trusted key invalidates the whole note.

    Raises: MalformedNote; SignatureRefused; UnusableKey if two trusted keys collide.
    """
    keys = _by_identity(trusted)
    note = parse_note(signed)
    message = note.text.encode()
    signed_by = []
    for signature in note.signatures:
        key = keys.get((signature.name, signature.key_id))
        if key is None:
            continue
        if not key.verifies(signature.signature, message):
            raise SignatureRefused(
                f"the signature by the trusted key {signature.name}+{signature.key_id.hex()} "
                "does not fit the text: one of them was changed"
            )
        signed_by.append(key)
    if not signed_by:
        raise SignatureRefused(
            f"{NOT_TRUSTED} ({_listed(keys)}), found only "
            f"{_listed((signed_line.name, signed_line.key_id) for signed_line in note.signatures)}"
        )
    return VerifiedNote(note.text, tuple(signed_by))


def parse_note(signed: str | bytes) -> Note:
    """The note's text and signatures, unchecked. Raises: MalformedNote."""
    whole = _decoded(signed)
    head, blank, tail = whole.rpartition("\n\n")
    if not blank:
        raise MalformedNote("expected a blank line between text and signatures, found none")
    if not tail.endswith("\n"):
        raise MalformedNote("expected signature lines that end in a newline, found a cut one")
    lines = tail[:-1].split("\n")
    if len(lines) > MAX_SIGNATURES:
        raise MalformedNote(f"expected at most {MAX_SIGNATURES} signatures, found {len(lines)}")
    signatures = tuple(_parse_signature(line) for line in lines)
    if len({(signature.name, signature.key_id) for signature in signatures}) != len(signatures):
        raise MalformedNote("expected one signature by each key, found two by one of them")
    return Note(head + "\n", signatures)


def _decoded(signed: str | bytes) -> str:
    try:
        raw = signed.encode() if isinstance(signed, str) else signed
        if len(raw) > LARGEST_NOTE_BYTES:
            raise MalformedNote(f"expected a note of at most {LARGEST_NOTE_BYTES} bytes, found {len(raw)}")
        whole = raw.decode()
    except UnicodeError:
        raise MalformedNote("expected a note in UTF-8, found other bytes") from None
    if any(character < " " and character != "\n" for character in whole):
        raise MalformedNote("expected no control characters but newline, found one")
    return whole


def _parse_signature(line: str) -> Signature:
    name, space, encoded = line.removeprefix(_DASH).partition(" ")
    if not line.startswith(_DASH) or not space or not _can_be_name(name):
        raise MalformedNote(f"expected a signature line, dash, name, base64; found {line[:80]!r}")
    try:
        raw = base64_bytes(encoded)
    except ValueError as problem:
        raise MalformedNote(f"{problem} in the signature by {name}") from problem
    if len(raw) <= KEY_ID_BYTES:
        raise MalformedNote(f"expected a key id and a signature by {name}, found {len(raw)} bytes")
    return Signature(name, raw[:KEY_ID_BYTES], raw[KEY_ID_BYTES:])


def _can_be_name(name: str) -> bool:
    return bool(name) and "+" not in name and not any(c.isspace() for c in name)


def _by_identity(trusted: Iterable[VerifierKey]) -> dict[tuple[str, bytes], VerifierKey]:
    keys: dict[tuple[str, bytes], VerifierKey] = {}
    for key in trusted:
        if keys.setdefault((key.name, key.key_id), key) != key:
            raise UnusableKey(f"two trusted keys are both {key.name}+{key.key_id.hex()}")
    return keys


def _listed(identities: Iterable[tuple[str, bytes]]) -> str:
    return ", ".join(f"{name}+{key_id.hex()}" for name, key_id in identities) or "none"
