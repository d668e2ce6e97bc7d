"""The growing tree: its roots, and the nodes it stores."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from events.seals.merkle import EMPTY_ROOT, Frontier, cover, extend, leaf_hash, node_hash
from tests.events.seals.naive_tree import tree_root

LEAVES = st.lists(st.binary(max_size=8), max_size=70)


@given(st.lists(LEAVES, max_size=6))
def test_root_is_the_same_however_the_leaves_are_batched(batches: list[list[bytes]]) -> None:
    frontier = Frontier()
    for batch in batches:
        frontier, _ = extend(frontier, [leaf_hash(leaf) for leaf in batch])

    assert frontier.root == tree_root([leaf for batch in batches for leaf in batch])


@given(st.lists(LEAVES, max_size=6))
def test_every_complete_subtree_is_stored_once(batches: list[list[bytes]]) -> None:
    leaves = [leaf for batch in batches for leaf in batch]
    frontier, written = Frontier(), []
    for batch in batches:
        frontier, nodes = extend(frontier, [leaf_hash(leaf) for leaf in batch])
        written += nodes

    assert {(level, index): node for level, index, node in written} == {
        (level, index): tree_root(leaves[index << level : (index + 1) << level])
        for level in range(10)
        for index in range(len(leaves) >> level)
    }
    assert len(written) == len({node[:2] for node in written}) <= 2 * len(leaves)


def test_appending_reads_nothing_and_writes_no_more_than_it_completes() -> None:
    big = Frontier(2**40 - 1, tuple(bytes([level]) * 32 for level in range(40)))

    frontier, nodes = extend(big, [bytes(32)])

    assert frontier.size == 2**40
    assert [node[:2] for node in nodes] == [(level, (2**40 - 1) >> level) for level in range(41)]


def test_appending_nothing_changes_nothing() -> None:
    frontier, _ = extend(Frontier(), [bytes(32)] * 5)

    assert extend(frontier, []) == (frontier, [])


def test_a_frontier_can_be_read_back_from_stored_nodes() -> None:
    frontier, nodes = extend(Frontier(), [leaf_hash(bytes([n])) for n in range(13)])
    stored = {(level, index): node for level, index, node in nodes}

    assert Frontier(13, tuple(stored[address] for address in cover(0, 13))) == frontier


@pytest.mark.parametrize(("size", "peaks"), [(3, 1), (0, 1), (-1, 0), (4, 2)])
def test_frontier_with_other_peaks_than_its_size_is_refused(size: int, peaks: int) -> None:
    with pytest.raises(ValueError, match="peaks"):
        Frontier(size, (bytes(32),) * peaks)


def test_leaf_and_node_hashes_cannot_be_taken_for_each_other() -> None:
    leaf_a, leaf_b = leaf_hash(b"a"), leaf_hash(b"b")

    assert leaf_hash(leaf_a + leaf_b) != node_hash(leaf_a, leaf_b)
    assert Frontier().root == EMPTY_ROOT
