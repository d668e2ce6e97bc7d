"""Base64 with exactly one spelling per value, as signed data requires."""

import base64
import binascii


def base64_text(raw: bytes) -> str:
    """Standard base64 with padding. Source: RFC 4648 §4."""
    return base64.b64encode(raw).decode("ascii")


def base64_bytes(text: str) -> bytes:
    """The bytes of canonical base64.

    Raises: ValueError for other alphabets, missing padding, spaces, and stray last bits.
    """
    try:
        raw = base64.b64decode(text.encode("ascii"), validate=True)
    except (binascii.Error, UnicodeEncodeError) as problem:
        raise ValueError("expected standard base64") from problem
    if base64_text(raw) != text:
        raise ValueError("expected base64 in its one canonical spelling")
    return raw
