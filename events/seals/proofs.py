"""Inclusion and consistency proofs over stored nodes, made in one read, and checked.

Making: the ranges RFC 6962 names are turned into stored addresses, read in one batch
and folded. Checking: the iterative algorithms of RFC 9162, which never recurse and
refuse everything that is not exactly the proof of exactly this claim.
"""

from collections.abc import Callable, Mapping, Sequence
from hmac import compare_digest

from events.seals.errors import MissingNode, ProofRefused
from events.seals.merkle import HASH_BYTES, Address, cover, joined, node_hash

ReadNodes = Callable[[Sequence[Address]], Mapping[Address, bytes]]
Range = tuple[int, int]

LARGEST_TREE = 2**63 - 1


def make_inclusion(index: int, size: int, *, read_nodes: ReadNodes) -> list[bytes]:
    """The audit path of leaf `index` (from 0) in the tree of `size` leaves.

    Raises: ValueError if the tree has no such leaf; MissingNode.
    Source: RFC 6962 §2.1.1.
    """
    if not 0 <= index < size:
        raise ValueError(f"expected a leaf from 0 to {size - 1}, found {index}")
    return _read(_inclusion_ranges(index, size), read_nodes)


def make_consistency(old_size: int, new_size: int, *, read_nodes: ReadNodes) -> list[bytes]:
    """The proof that the first `old_size` leaves of the newer tree are the older tree.

    Raises: ValueError if the old tree is empty (nothing to prove) or the larger one;
    MissingNode.
    Source: RFC 6962 §2.1.2.
    """
    if not 0 < old_size <= new_size:
        raise ValueError(f"expected an old size from 1 to {new_size}, found {old_size}")
    return _read(_consistency_ranges(old_size, new_size), read_nodes)


def verify_inclusion(leaf_hash: bytes, index: int, *, size: int, path: Sequence[bytes], root: bytes) -> None:
    """Return quietly if the leaf is number `index` (from 0) under this root.

    Raises: ProofRefused. Source: RFC 9162 §2.1.3.2.
    """
    _refuse_bad_hashes(leaf_hash, root, *path)
    if not 0 <= index < size <= LARGEST_TREE:
        raise ProofRefused(f"expected a leaf index below the tree size {size}, found {index}")
    place, last, found = index, size - 1, leaf_hash
    for sibling in path:
        if last == 0:
            raise ProofRefused("the inclusion proof is longer than the tree is high")
        if place & 1 or place == last:
            found = node_hash(sibling, found)
            while not place & 1 and place:
                place, last = place >> 1, last >> 1
        else:
            found = node_hash(found, sibling)
        place, last = place >> 1, last >> 1
    if last:
        raise ProofRefused("the inclusion proof is shorter than the tree is high")
    _refuse_other_root(found, root, what=f"leaf {index} of {size}")


def verify_consistency(
    old_size: int, new_size: int, *, old_root: bytes, new_root: bytes, path: Sequence[bytes]
) -> None:
    """Return quietly if the old tree is the beginning of the new one.

    An empty old tree proves nothing and is refused: its caller has nothing to ask.

    Raises: ProofRefused. Source: RFC 9162 §2.1.4.2.
    """
    if not 0 < old_size <= new_size <= LARGEST_TREE:
        raise ProofRefused(f"expected an old size from 1 to the new size {new_size}, found {old_size}")
    if old_size == new_size:
        if path:
            raise ProofRefused("trees of one size need an empty consistency proof")
        _refuse_other_root(new_root, old_root, what=f"the tree of {old_size}")
        return
    if old_size & (old_size - 1) == 0:
        path = [old_root, *path]
    _refuse_bad_hashes(*path)
    if not path:
        raise ProofRefused("the consistency proof is empty")
    _follow_consistency(old_size, new_size, old_root, new_root, path)


def _follow_consistency(
    old_size: int, new_size: int, old_root: bytes, new_root: bytes, path: Sequence[bytes]
) -> None:
    place, last = old_size - 1, new_size - 1
    while place & 1:
        place, last = place >> 1, last >> 1
    old_found = new_found = path[0]
    for sibling in path[1:]:
        if last == 0:
            raise ProofRefused("the consistency proof is longer than the tree is high")
        if place & 1 or place == last:
            old_found = node_hash(sibling, old_found)
            new_found = node_hash(sibling, new_found)
            while not place & 1 and place:
                place, last = place >> 1, last >> 1
        else:
            new_found = node_hash(new_found, sibling)
        place, last = place >> 1, last >> 1
    if last:
        raise ProofRefused("the consistency proof is shorter than the tree is high")
    _refuse_other_root(old_found, old_root, what=f"the old tree of {old_size}")
    _refuse_other_root(new_found, new_root, what=f"the new tree of {new_size}")


def _inclusion_ranges(index: int, size: int) -> list[Range]:
    begin, end, ranges = 0, size, []
    while end - begin > 1:
        middle = begin + _left_width(end - begin)
        if index < middle:
            ranges.append((middle, end))
            end = middle
        else:
            ranges.append((begin, middle))
            begin = middle
    return ranges[::-1]


def _consistency_ranges(old_size: int, new_size: int) -> list[Range]:
    begin, end, ranges = 0, new_size, []
    while end > old_size:
        middle = begin + _left_width(end - begin)
        if old_size <= middle:
            ranges.append((middle, end))
            end = middle
        else:
            ranges.append((begin, middle))
            begin = middle
    if begin > 0:
        ranges.append((begin, end))
    return ranges[::-1]


def _left_width(width: int) -> int:
    """The largest power of two below `width`. Source: RFC 6962 §2.1."""
    return 1 << (width - 1).bit_length() - 1


def _read(ranges: list[Range], read_nodes: ReadNodes) -> list[bytes]:
    covers = [cover(begin, end) for begin, end in ranges]
    wanted = [address for addresses in covers for address in addresses]
    found = read_nodes(wanted) if wanted else {}
    for address in wanted:
        if address not in found:
            raise MissingNode(*address)
    return [joined([found[address] for address in addresses]) for addresses in covers]


def _refuse_bad_hashes(*hashes: bytes) -> None:
    """Other lengths must go first: joined, they could be cut elsewhere."""
    for each in hashes:
        if len(each) != HASH_BYTES:
            raise ProofRefused(f"expected hashes of {HASH_BYTES} bytes, found {len(each)}")


def _refuse_other_root(found: bytes, expected: bytes, *, what: str) -> None:
    if not compare_digest(found, expected):
        raise ProofRefused(f"{what}: expected the root {expected.hex()}, found {found.hex()}")
