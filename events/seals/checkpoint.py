"""The signed checkpoint: one text that fixes the size and root of every part.

Its first three lines are those of a C2SP checkpoint (origin, size, root); then the time
and one line per part. The root is that of an RFC 6962 tree over the parts, not over
the events: docs/proofs.md. Source: https://c2sp.org/tlog-checkpoint
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from events.seals.encoding import base64_bytes, base64_text
from events.seals.errors import MalformedCheckpoint, SignatureRefused, UnusableKey
from events.seals.keys import SigningKey, VerifierKey
from events.seals.leaf import framed
from events.seals.merkle import EMPTY_ROOT, HASH_BYTES, Frontier, extend, leaf_hash
from events.seals.note import VerifiedNote, sign_note, verify_note
from events.seals.proofs import LARGEST_TREE, make_inclusion

PARTS = 64
PART_DOMAIN = b"tenure part root v1\n"

_HEAD_LINES = 4
_TIME = "%Y-%m-%dT%H:%M:%S.%fZ"
_NUMBER = re.compile(r"0|[1-9][0-9]{0,18}")


@dataclass(frozen=True, slots=True)
class PartHead:
    """The sealed size of a part, and the root over its first `size` events."""

    part: int
    size: int
    root: bytes

    def leaf_hash(self) -> bytes:
        """The part's leaf hash in the tree over the parts."""
        texts = (str(self.part), str(self.size), self.root.hex())
        return leaf_hash(framed(PART_DOMAIN, texts))

    def line(self) -> str:
        """The part's line in a checkpoint."""
        return f"{self.part} {self.size} {base64_text(self.root)}\n"


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """The heads of all 64 parts that one log published at one instant.

    Raises: MalformedCheckpoint if the heads are not parts 0 to 63 in order, if a size
    is impossible, or if an empty part has another root than the empty one.
    """

    origin: str
    signed_at: datetime
    heads: tuple[PartHead, ...]

    def __post_init__(self) -> None:
        if not self.origin or any(c < " " for c in self.origin):
            raise MalformedCheckpoint("expected an origin of one line, found none")
        if self.signed_at.utcoffset() != timedelta():
            raise MalformedCheckpoint("expected a signing time in UTC, found another zone")
        if [head.part for head in self.heads] != list(range(PARTS)):
            raise MalformedCheckpoint(f"expected the {PARTS} parts in order, found others")
        for head in self.heads:
            _refuse_bad_head(head)

    @property
    def size(self) -> int:
        """How many events are sealed in all parts together."""
        return sum(head.size for head in self.heads)

    @property
    def root(self) -> bytes:
        """The root of the RFC 6962 tree over the 64 part heads."""
        return extend(Frontier(), [head.leaf_hash() for head in self.heads])[0].root

    def vector_path(self, part: int) -> list[bytes]:
        """The audit path from a part's head to `root`."""
        _, nodes = extend(Frontier(), [head.leaf_hash() for head in self.heads])
        stored = {(level, index): node for level, index, node in nodes}
        return make_inclusion(part, PARTS, read_nodes=lambda _: stored)

    def text(self) -> str:
        """The text that is signed."""
        head = f"{self.origin}\n{self.size}\n{base64_text(self.root)}\n"
        time = f"time {self.signed_at.strftime(_TIME)}\n"
        return head + time + "".join(part_head.line() for part_head in self.heads)


@dataclass(frozen=True, slots=True)
class VerifiedCheckpoint:
    """A checkpoint with verified signatures by the keys in `signed_by`."""

    checkpoint: Checkpoint
    signed_by: tuple[VerifierKey, ...]


def sign_checkpoint(checkpoint: Checkpoint, keys: Sequence[SigningKey]) -> str:
    """The checkpoint as a note signed by all the keys, old and new during a rotation.

    Raises: UnusableKey if a key has another name than the checkpoint's origin.
    """
    for key in keys:
        if key.name != checkpoint.origin:
            raise UnusableKey(f"expected signing keys named {checkpoint.origin}, found {key.name}")
    return sign_note(checkpoint.text(), keys)


def verify_checkpoint(signed: str | bytes, trusted: Iterable[VerifierKey]) -> VerifiedCheckpoint:
    """The checkpoint in a note that a trusted key of its own log signed.

    Raises: MalformedNote; SignatureRefused; MalformedCheckpoint.
    """
    note = verify_note(signed, trusted)
    return VerifiedCheckpoint(_own(note), note.signed_by)


def parse_checkpoint(text: str) -> Checkpoint:
    """The checkpoint in a note's text; the caller verifies its signatures.

    Raises: MalformedCheckpoint, also when the total or the root does not follow from the
    lines of the parts: there is one spelling of each checkpoint.
    """
    lines = text.split("\n")
    if len(lines) != _HEAD_LINES + PARTS + 1:
        raise MalformedCheckpoint(f"expected {_HEAD_LINES + PARTS} lines, found {len(lines) - 1}")
    try:
        signed_at = datetime.strptime(lines[3], f"time {_TIME}").replace(tzinfo=UTC)
    except ValueError:
        raise MalformedCheckpoint("expected the time in line 4, found something else") from None
    heads = tuple(_parse_head(line) for line in lines[_HEAD_LINES:-1])
    checkpoint = Checkpoint(lines[0], signed_at, heads)
    if checkpoint.text() != text:
        raise MalformedCheckpoint(
            "expected the size, root and spelling that follow from the parts, found others"
        )
    return checkpoint


def _own(note: VerifiedNote) -> Checkpoint:
    checkpoint = parse_checkpoint(note.text)
    if not any(key.name == checkpoint.origin for key in note.signed_by):
        raise SignatureRefused(f"expected a signature by {checkpoint.origin} itself, found only witnesses")
    return checkpoint


def _parse_head(line: str) -> PartHead:
    part, size, root = (*line.split(" "), "", "")[:3]
    if line.count(" ") != 2 or not _NUMBER.fullmatch(part) or not _NUMBER.fullmatch(size):
        raise MalformedCheckpoint(f"expected `part size root`, found {line[:80]!r}")
    try:
        return PartHead(int(part), int(size), base64_bytes(root))
    except ValueError as problem:
        raise MalformedCheckpoint(f"{problem} for the root of part {part}") from problem


def _refuse_bad_head(head: PartHead) -> None:
    if not 0 <= head.size <= LARGEST_TREE or len(head.root) != HASH_BYTES:
        raise MalformedCheckpoint(f"part {head.part} has an impossible size or root")
    if (head.size == 0) != (head.root == EMPTY_ROOT):
        raise MalformedCheckpoint(f"part {head.part}: size 0 and the empty root go together")
