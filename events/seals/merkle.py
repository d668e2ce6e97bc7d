"""The RFC 6962 Merkle tree: hashes, the frontier of a growing tree, stored nodes.

A node (level, index) is the complete subtree over the leaves
`index << level` up to `(index + 1) << level`. Only complete subtrees are stored: they
never change again, so the node table is append-only like the log it covers.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256

HASH_BYTES = 32
EMPTY_ROOT = sha256().digest()

Address = tuple[int, int]
Node = tuple[int, int, bytes]


def leaf_hash(leaf: bytes) -> bytes:
    """The hash of one leaf's bytes. Source: RFC 6962 §2.1."""
    return sha256(b"\x00" + leaf).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """The hash of an inner node. Source: RFC 6962 §2.1."""
    return sha256(b"\x01" + left + right).digest()


def joined(subtrees: Sequence[bytes]) -> bytes:
    """The root over adjoining complete subtrees, given largest (leftmost) first."""
    if not subtrees:
        return EMPTY_ROOT
    root = subtrees[-1]
    for left in reversed(subtrees[:-1]):
        root = node_hash(left, root)
    return root


def cover(begin: int, end: int) -> list[Address]:
    """The complete subtrees over leaves [begin, end), left to right.

    `begin` is a multiple of a power of two no smaller than the width, which holds
    for every range an RFC 6962 tree asks about.
    """
    addresses = []
    for level in reversed(range((end - begin).bit_length())):
        if (end - begin) >> level & 1:
            addresses.append((level, begin >> level))
            begin += 1 << level
    return addresses


@dataclass(frozen=True, slots=True)
class Frontier:
    """A tree of `size` leaves, represented by the roots of its complete subtrees.

    `peaks` are the hashes at `cover(0, size)`: at most 63 of them, sufficient to append
    leaves and to compute the root.
    """

    size: int = 0
    peaks: tuple[bytes, ...] = ()

    def __post_init__(self) -> None:
        if self.size < 0 or len(self.peaks) != self.size.bit_count():
            raise ValueError(
                f"expected {max(self.size, 0).bit_count()} peaks for a tree of "
                f"{self.size} leaves, found {len(self.peaks)}"
            )

    @property
    def root(self) -> bytes:
        """The tree's root hash. Source: RFC 6962 §2.1."""
        return joined(self.peaks)


def extend(frontier: Frontier, leaf_hashes: Sequence[bytes]) -> tuple[Frontier, list[Node]]:
    """The frontier after these leaves, and every node they completed, leaves included.

    n leaves complete fewer than 2n + 64 nodes; each is returned once, ever, so the
    caller inserts them and never updates. Nothing is read.
    """
    size = frontier.size + len(leaf_hashes)
    old_peaks = dict(zip((level for level, _ in cover(0, frontier.size)), frontier.peaks, strict=True))
    nodes: list[Node] = []
    peaks: list[bytes] = []
    fresh, first = list(leaf_hashes), frontier.size
    for level in range(size.bit_length()):
        nodes += [(level, index, node) for index, node in enumerate(fresh, first)]
        row = [old_peaks[level], *fresh] if first & 1 else fresh
        if size >> level & 1:
            peaks.append(row[-1])
        fresh = [
            sha256(b"\x01" + left + right).digest() for left, right in zip(row[::2], row[1::2], strict=False)
        ]
        first >>= 1
    return Frontier(size, tuple(reversed(peaks))), nodes
