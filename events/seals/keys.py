"""Named Ed25519 keys: the private key signs, the public key verifies.

A key's name is the log's origin (`log.example.com/tenure`). Old and new key of a
rotation share it; the key id distinguishes them. Source: C2SP signed-note.
"""

import hmac
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from hashlib import sha256

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
)

from events.seals.encoding import base64_bytes, base64_text
from events.seals.errors import UnusableKey

ED25519 = b"\x01"
KEY_ID_BYTES = 4
SEED_BYTES = 32

_PEM_BLOCK = re.compile(r"-----BEGIN [A-Z ]+-----[^-]*-----END [A-Z ]+-----")


@dataclass(frozen=True, slots=True)
class VerifierKey:
    """A named Ed25519 public key; `str()` gives its `name+hash+base64` form."""

    name: str
    public: bytes
    key_id: bytes = field(init=False)

    def __post_init__(self) -> None:
        refuse_bad_name(self.name)
        if len(self.public) != SEED_BYTES:
            raise UnusableKey(f"expected a public key of {SEED_BYTES} bytes, found {len(self.public)}")
        object.__setattr__(self, "key_id", key_id(self.name, self.public))

    def __str__(self) -> str:
        return f"{self.name}+{self.key_id.hex()}+{base64_text(ED25519 + self.public)}"

    def verifies(self, signature: bytes, message: bytes) -> bool:
        """True if this key made the signature over the message. Source: RFC 8032."""
        try:
            Ed25519PublicKey.from_public_bytes(self.public).verify(signature, message)
        except (InvalidSignature, ValueError):
            return False
        return True


class SigningKey:
    """A named Ed25519 private key. Its text forms never show the private part."""

    def __init__(self, name: str, private: Ed25519PrivateKey) -> None:
        self._private = private
        public = private.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)
        self.verifier = VerifierKey(name, public)

    def __repr__(self) -> str:
        return f"SigningKey({self.verifier})"

    @property
    def name(self) -> str:
        """The key's name, which is the log's origin."""
        return self.verifier.name

    def sign(self, message: bytes) -> bytes:
        """The 64-byte signature over the message. Source: RFC 8032."""
        return self._private.sign(message)

    def pem(self) -> bytes:
        """The private key as unencrypted PKCS #8 PEM: only for the key's own file."""
        return self._private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())


def generate_signing_key(name: str) -> SigningKey:
    """A new key from the operating system's randomness."""
    return SigningKey(name, Ed25519PrivateKey.generate())


def parse_signing_keys(text: str, *, name: str) -> tuple[SigningKey, ...]:
    """The private keys in a PEM file's text or a setting's value, in their order.

    Several mean a rotation with overlap: PEM blocks one after another, or base64
    seeds of 32 bytes with commas between. In an environment variable `\\n` may stand
    for a PEM's line ends. The text is never repeated in an error.

    Raises: UnusableKey.
    """
    refuse_bad_name(name)
    if "-----BEGIN" in text:
        return _distinct(_from_pem(text.replace("\\n", "\n"), name))
    return _distinct([_from_seed(piece.strip(), name) for piece in text.split(",")])


def parse_verifier_key(text: str) -> VerifierKey:
    """The public key in its `name+hash+base64` form.

    Raises: UnusableKey, also when the hash in it is not this name's and key's.
    """
    name, plus, rest = text.strip().partition("+")
    claimed, other_plus, encoded = rest.partition("+")
    if not (plus and other_plus):
        raise UnusableKey("expected a verifier key as name+hash+base64, found no such form")
    try:
        raw = base64_bytes(encoded)
    except ValueError as problem:
        raise UnusableKey(f"{problem} at the end of the verifier key") from problem
    if raw[:1] != ED25519:
        raise UnusableKey("expected an Ed25519 verifier key (type 1), found another type")
    key = VerifierKey(name, raw[1:])
    if not hmac.compare_digest(claimed.encode(), key.key_id.hex().encode()):
        raise UnusableKey(
            f"expected the hash {key.key_id.hex()} in this verifier key, found another: "
            "it was cut or mistyped; copy it again"
        )
    return key


def key_id(name: str, public: bytes) -> bytes:
    """The four bytes that identify the signing key. Source: C2SP signed-note."""
    return sha256(name.encode() + b"\n" + ED25519 + public).digest()[:KEY_ID_BYTES]


def refuse_bad_name(name: str) -> None:
    """Raise UnusableKey unless a note can carry this name. Source: C2SP signed-note."""
    if not name or "+" in name or any(c.isspace() or c < " " for c in name):
        raise UnusableKey(
            "expected a key name without spaces, plus signs and control characters, "
            f"such as log.example.com/tenure; found {name!r}"
        )


def _from_pem(text: str, name: str) -> list[SigningKey]:
    keys = []
    for block in _PEM_BLOCK.findall(text):
        try:
            private = load_pem_private_key(block.encode(), password=None)
        except (ValueError, TypeError, UnsupportedAlgorithm) as problem:
            raise UnusableKey(
                "expected an unencrypted PKCS #8 PEM of an Ed25519 key; it could not be read "
                f"({type(problem).__name__})"
            ) from None
        if not isinstance(private, Ed25519PrivateKey):
            raise UnusableKey(f"expected an Ed25519 key, found {type(private).__name__}")
        keys.append(SigningKey(name, private))
    if not keys:
        raise UnusableKey("expected a whole PEM block, found a BEGIN without its END")
    return keys


def _from_seed(text: str, name: str) -> SigningKey:
    try:
        seed = base64_bytes(text)
    except ValueError:
        seed = b""
    if len(seed) != SEED_BYTES:
        raise UnusableKey(
            f"expected a signing key as PEM or as base64 of {SEED_BYTES} bytes, found neither; "
            "`openssl genpkey -algorithm ed25519` makes one"
        )
    return SigningKey(name, Ed25519PrivateKey.from_private_bytes(seed))


def _distinct(keys: Sequence[SigningKey]) -> tuple[SigningKey, ...]:
    if len({key.verifier.key_id for key in keys}) != len(keys):
        raise UnusableKey("expected each signing key once, found one of them twice")
    return tuple(keys)
