"""Ids that look like the providers' own, from a seed."""

import random
from typing import Protocol
from uuid import UUID

_ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"

STRIPE_SUFFIX: dict[str, tuple[str, int]] = {
    "evt": ("1", 23),
    "sub": ("1", 23),
    "in": ("1", 23),
    "pm": ("1", 23),
    "pi": ("3", 23),
    "ch": ("3", 23),
    "seti": ("1", 23),
    "inpay": ("1", 23),
    "il": ("1", 23),
    "ii": ("1", 23),
    "cus": ("", 14),
    "si": ("", 14),
    "req": ("", 14),
    "cs_live": ("a1", 56),
    "cs_test": ("a1", 56),
}
"""The part after the prefix: a fixed head and a number of random characters."""


class IdSource(Protocol):
    """Anything that names new objects."""

    def stripe(self, prefix: str) -> str: ...

    def clerk(self, prefix: str) -> str: ...

    def uuid(self) -> str: ...


class SeededIds:
    """The same seed names the same objects in the same order."""

    def __init__(self, seed: int | str) -> None:
        self._random = random.Random(seed)  # noqa: S311 - the same names again, not secrets

    def stripe(self, prefix: str) -> str:
        head, length = STRIPE_SUFFIX[prefix]
        return f"{prefix}_{head}{self._characters(length)}"

    def clerk(self, prefix: str) -> str:
        return f"{prefix}_2{self._characters(26)}"

    def uuid(self) -> str:
        return str(UUID(int=self._random.getrandbits(128), version=4))

    def _characters(self, length: int) -> str:
        return "".join(self._random.choices(_ALPHABET, k=length))
