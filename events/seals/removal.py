"""The signed statement that retention removed old checkpoints: their numbers, in a note of the log's keys.

It can't be written without the signing key, so verification distinguishes retention from tampering.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from events.seals.errors import MalformedNote, SignatureRefused
from events.seals.keys import SigningKey, VerifierKey
from events.seals.note import sign_note, verify_note

TITLE = "tenure checkpoints removed v1"

_SPAN = re.compile(r"([1-9][0-9]{0,18})-([1-9][0-9]{0,18})")

Span = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Removal:
    """Numbers of removed checkpoints, as first and last of each run, lowest first."""

    origin: str
    spans: tuple[Span, ...]

    def text(self) -> str:
        """The text that is signed."""
        return "\n".join((self.origin, TITLE, *(f"{first}-{last}" for first, last in self.spans), ""))


def spans_of(numbers: Iterable[int]) -> tuple[Span, ...]:
    """Ascending numbers as first and last of each run."""
    spans: list[Span] = []
    for number in numbers:
        if spans and spans[-1][1] == number - 1:
            spans[-1] = (spans[-1][0], number)
        else:
            spans.append((number, number))
    return tuple(spans)


def sign_removal(removal: Removal, keys: Sequence[SigningKey]) -> str:
    """The note. Raises: MalformedNote."""
    return sign_note(removal.text(), keys)


def verify_removal(note: str, trusted: Iterable[VerifierKey], *, origin: str) -> Removal:
    """The removal that a trusted key of this log signed. Raises: MalformedNote; SignatureRefused."""
    verified = verify_note(note, trusted)
    first, title, *lines, end = verified.text.split("\n")
    spans = [_SPAN.fullmatch(line) for line in lines]
    if title != TITLE or end or not all(spans):
        raise MalformedNote("expected the numbers of removed checkpoints, found another text")
    if first != origin or not any(key.name == origin for key in verified.signed_by):
        raise SignatureRefused(f"expected a signature by {origin} itself, found another log's")
    return Removal(first, tuple((int(span[1]), int(span[2])) for span in spans if span is not None))
