"""Inclusion and consistency proofs over stored nodes: made in one read, and checked.

Making: the ranges of RFC 6962 are converted to stored addresses, read in one batch
and folded. Checking: the iterative algorithms of RFC 9162, which never recurse and
accept only the exact proof of the claim.
"""

from collections.abc import Callable, Mapping, Sequence
from hmac import compare_digest

from events.seals.errors import MissingNode, ProofRefused
from events.seals.merkle import EMPTY_ROOT, HASH_BYTES, Address, cover, joined, node_hash

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
    """Return if the leaf is number `index` (from 0) under this root of `size` leaves.

    Raises: ProofRefused. Source: RFC 9162 §2.1.3.2.
    """
    verify_subtree_inclusion(leaf_hash, index, subtree=(0, size), path=path, root=root)


def verify_consistency(
    old_size: int, new_size: int, *, old_root: bytes, new_root: bytes, path: Sequence[bytes]
) -> None:
    """Return if the old tree is the beginning of the new one.

    An empty old tree is refused, since it proves nothing.

    Raises: ProofRefused. Source: RFC 9162 §2.1.4.2.
    """
    if old_size == 0:
        raise ProofRefused(f"expected an old size from 1 to the new size {new_size}, found 0")
    verify_subtree_consistency((0, old_size), new_size, old_root=old_root, new_root=new_root, path=path)


def verify_subtree_inclusion(
    leaf_hash: bytes, index: int, *, subtree: Range, path: Sequence[bytes], root: bytes
) -> None:
    """Return if leaf `index` of the tree is under this root of the subtree [begin, end).

    Raises: ProofRefused. Source: draft-ietf-plants-merkle-tree-certs §4.3.
    """
    begin, end = subtree
    _refuse_bad_hashes(leaf_hash, root, *path)
    _refuse_bad_subtree(begin, end)
    if not begin <= index < end:
        raise ProofRefused(f"expected a leaf index from {begin} and below {end}, found {index}")
    place, last, computed = index - begin, end - begin - 1, leaf_hash
    for sibling in path:
        if last == 0:
            raise ProofRefused("the inclusion proof is longer than the tree is high")
        if place & 1 or place == last:
            computed = node_hash(sibling, computed)
            while not place & 1 and place:
                place, last = place >> 1, last >> 1
        else:
            computed = node_hash(computed, sibling)
        place, last = place >> 1, last >> 1
    if last:
        raise ProofRefused("the inclusion proof is shorter than the tree is high")
    _refuse_other_root(computed, root, what=f"leaf {index} of [{begin}, {end})")


def verify_subtree_consistency(
    subtree: Range, size: int, *, old_root: bytes, new_root: bytes, path: Sequence[bytes]
) -> None:
    """Return if the subtree [begin, end) has `old_root` and is in the tree of `size`.

    A consistency proof of two trees is this for a subtree that begins at 0.

    Raises: ProofRefused. Source: draft-ietf-plants-merkle-tree-certs §4.4.
    """
    begin, end = subtree
    _refuse_bad_subtree(begin, end)
    if not end <= size <= LARGEST_TREE:
        raise ProofRefused(f"expected at most {size} leaves of the tree of {size}, found {end}")
    if begin == end:
        if path:
            raise ProofRefused("an empty subtree needs an empty consistency proof")
        _refuse_other_root(EMPTY_ROOT, old_root, what="the empty subtree")
        return
    _follow_consistency((begin, end - 1, size - 1), old_root, new_root, list(path))


def _follow_consistency(
    places: tuple[int, int, int], old_root: bytes, new_root: bytes, path: list[bytes]
) -> None:
    """`places`: the subtree's first and last leaf, and the tree's last; then the nodes above them."""
    first, place, last = _largest_within(*places)
    if first == place:
        path = [old_root, *path]
    if len(path) > 1:
        _refuse_bad_hashes(*path)
    if not path:
        raise ProofRefused("the consistency proof is empty")
    old_computed = new_computed = path[0]
    for sibling in path[1:]:
        if last == 0:
            raise ProofRefused("the consistency proof is longer than the tree is high")
        if place & 1 or place == last:
            if first < place:
                old_computed = node_hash(sibling, old_computed)
            new_computed = node_hash(sibling, new_computed)
            while not place & 1 and place:
                first, place, last = first >> 1, place >> 1, last >> 1
        else:
            new_computed = node_hash(new_computed, sibling)
        first, place, last = first >> 1, place >> 1, last >> 1
    if last:
        raise ProofRefused("the consistency proof is shorter than the tree is high")
    _refuse_other_root(old_computed, old_root, what="the old tree")
    _refuse_other_root(new_computed, new_root, what="the new tree")


def _largest_within(first: int, place: int, last: int) -> tuple[int, int, int]:
    """Up to the level of the largest complete subtree at the end of the smaller tree."""
    while first != place and (place & 1 or place == last):
        first, place, last = first >> 1, place >> 1, last >> 1
    return first, place, last


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
    needed = [address for addresses in covers for address in addresses]
    nodes = read_nodes(needed) if needed else {}
    for address in needed:
        if address not in nodes:
            raise MissingNode(*address)
    return [joined([nodes[address] for address in addresses]) for addresses in covers]


def _refuse_bad_hashes(*hashes: bytes) -> None:
    """Refuse hashes of other lengths: concatenated, they could be split elsewhere."""
    for node in hashes:
        if len(node) != HASH_BYTES:
            raise ProofRefused(f"expected hashes of {HASH_BYTES} bytes, found {len(node)}")


def _refuse_bad_subtree(begin: int, end: int) -> None:
    """A subtree begins at a multiple of its width rounded up to a power of two."""
    if not 0 <= begin <= end <= LARGEST_TREE or begin % (1 << max(end - begin - 1, 0).bit_length()):
        raise ProofRefused(f"expected a subtree of the tree, found leaves [{begin}, {end})")


def _refuse_other_root(actual: bytes, expected: bytes, *, what: str) -> None:
    if not compare_digest(actual, expected):
        raise ProofRefused(f"{what}: expected the root {expected.hex()}, found {actual.hex()}")
