"""Proofs: equal to the recursive definition, made in one read, refused when touched."""

from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from events.seals.errors import MissingNode, ProofRefused
from events.seals.merkle import Address, leaf_hash
from events.seals.proofs import (
    make_consistency,
    make_inclusion,
    verify_consistency,
    verify_inclusion,
)
from tests.events.seals.naive_tree import audit_path, consistency, reader, stored, tree_root

MANY = [bytes([n]) for n in range(200)]


@given(st.data(), st.integers(1, 200))
def test_inclusion_proof_is_the_definition_s_and_holds(data: st.DataObject, size: int) -> None:
    index = data.draw(st.integers(0, size - 1))
    read, reads = reader(stored(MANY[:size]))

    path = make_inclusion(index, size, read_nodes=read)

    assert path == audit_path(index, MANY[:size])
    assert len(reads) <= 1
    verify_inclusion(leaf_hash(MANY[index]), index, size=size, path=path, root=tree_root(MANY[:size]))


@given(st.data(), st.integers(1, 200))
def test_proofs_for_an_older_size_come_from_the_newer_nodes(data: st.DataObject, size: int) -> None:
    index = data.draw(st.integers(0, size - 1))
    read, _ = reader(stored(MANY))

    assert make_inclusion(index, size, read_nodes=read) == audit_path(index, MANY[:size])


@given(st.data(), st.integers(1, 200))
def test_consistency_proof_is_the_definition_s_and_holds(data: st.DataObject, new: int) -> None:
    old = data.draw(st.integers(1, new))
    read, reads = reader(stored(MANY[:new]))

    path = make_consistency(old, new, read_nodes=read)

    assert path == consistency(old, MANY[:new])
    assert len(reads) <= 1
    verify_consistency(old, new, old_root=tree_root(MANY[:old]), new_root=tree_root(MANY[:new]), path=path)


@given(st.data(), st.integers(2, 200))
def test_inclusion_proof_of_another_claim_is_refused(data: st.DataObject, size: int) -> None:
    index, claimed = data.draw(
        st.tuples(st.integers(0, size - 1), st.integers(-2, size + 2)).filter(lambda pair: pair[0] != pair[1])
    )
    path = audit_path(index, MANY[:size])

    with pytest.raises(ProofRefused):
        verify_inclusion(leaf_hash(MANY[index]), claimed, size=size, path=path, root=tree_root(MANY[:size]))


@given(st.data(), st.integers(2, 200))
def test_consistency_with_an_edited_history_is_refused(data: st.DataObject, new: int) -> None:
    old = data.draw(st.integers(1, new - 1))
    edited = data.draw(st.integers(0, old - 1))
    leaves = [*MANY[:edited], b"edited", *MANY[edited + 1 : new]]

    with pytest.raises(ProofRefused):
        verify_consistency(
            old,
            new,
            old_root=tree_root(MANY[:old]),
            new_root=tree_root(leaves),
            path=consistency(old, leaves),
        )


def test_a_proof_at_ten_million_leaves_reads_few_nodes_at_once() -> None:
    reads: list[int] = []

    def read(addresses: Sequence[Address]) -> dict[Address, bytes]:
        reads.append(len(addresses))
        return dict.fromkeys(addresses, bytes(32))

    make_inclusion(9_999_998, 10_000_000, read_nodes=read)
    make_consistency(9_999_999, 10_000_000, read_nodes=read)

    assert len(reads) == 2
    assert max(reads) <= 48


def test_missing_node_is_named() -> None:
    nodes = stored(MANY[:8])
    del nodes[1, 1]
    read, _ = reader(nodes)

    with pytest.raises(MissingNode) as refused:
        make_inclusion(0, 8, read_nodes=read)

    assert (refused.value.level, refused.value.index) == (1, 1)


@pytest.mark.parametrize(("index", "size"), [(0, 0), (3, 3), (-1, 3)])
def test_proof_of_a_leaf_that_is_not_there_cannot_be_asked(index: int, size: int) -> None:
    with pytest.raises(ValueError, match="leaf"):
        make_inclusion(index, size, read_nodes=lambda _: {})


@pytest.mark.parametrize(("old", "new"), [(0, 0), (0, 3), (4, 3), (-1, 3)])
def test_consistency_of_impossible_sizes_cannot_be_asked(old: int, new: int) -> None:
    with pytest.raises(ValueError, match="old size"):
        make_consistency(old, new, read_nodes=lambda _: {})


def test_hashes_of_other_lengths_are_refused_though_they_join_to_the_same_bytes() -> None:
    leaves = [b"a", b"b"]
    leaf_a, leaf_b = leaf_hash(b"a"), leaf_hash(b"b")

    with pytest.raises(ProofRefused, match="32 bytes"):
        verify_inclusion(leaf_a + leaf_b[:1], 0, size=2, path=[leaf_b[1:]], root=tree_root(leaves))


def test_consistency_with_a_root_of_another_length_is_refused() -> None:
    leaf_a, leaf_b = leaf_hash(b"a"), leaf_hash(b"b")

    with pytest.raises(ProofRefused, match="32 bytes"):
        verify_consistency(
            1, 2, old_root=leaf_a + leaf_b[:1], new_root=tree_root([b"a", b"b"]), path=[leaf_b[1:]]
        )
