"""RFC 6962 §2.1 written down as it is defined: recursive, slow and easy to believe."""

from collections.abc import Sequence
from hashlib import sha256

from events.seals.merkle import Address, Frontier, extend
from events.seals.proofs import ReadNodes


def split(width: int) -> int:
    k = 1
    while k * 2 < width:
        k *= 2
    return k


def tree_root(leaves: Sequence[bytes]) -> bytes:
    if not leaves:
        return sha256(b"").digest()
    if len(leaves) == 1:
        return sha256(b"\x00" + leaves[0]).digest()
    k = split(len(leaves))
    return sha256(b"\x01" + tree_root(leaves[:k]) + tree_root(leaves[k:])).digest()


def audit_path(index: int, leaves: Sequence[bytes]) -> list[bytes]:
    if len(leaves) == 1:
        return []
    k = split(len(leaves))
    if index < k:
        return [*audit_path(index, leaves[:k]), tree_root(leaves[k:])]
    return [*audit_path(index - k, leaves[k:]), tree_root(leaves[:k])]


def consistency(old_size: int, leaves: Sequence[bytes], whole: bool = True) -> list[bytes]:
    if old_size == len(leaves):
        return [] if whole else [tree_root(leaves)]
    k = split(len(leaves))
    if old_size <= k:
        return [*consistency(old_size, leaves[:k], whole), tree_root(leaves[k:])]
    return [*consistency(old_size - k, leaves[k:], False), tree_root(leaves[:k])]


def stored(leaves: Sequence[bytes]) -> dict[Address, bytes]:
    """Every node the package would have stored for these leaves."""
    hashes = [sha256(b"\x00" + leaf).digest() for leaf in leaves]
    return {(level, index): node for level, index, node in extend(Frontier(), hashes)[1]}


def reader(nodes: dict[Address, bytes]) -> tuple[ReadNodes, list[list[Address]]]:
    """A `read_nodes` over a dictionary, and the batches it was asked for."""
    reads: list[list[Address]] = []

    def read(addresses: Sequence[Address]) -> dict[Address, bytes]:
        reads.append(list(addresses))
        return {address: nodes[address] for address in addresses if address in nodes}

    return read, reads
