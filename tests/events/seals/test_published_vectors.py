"""The Merkle vectors of transparency-dev, good and bad, where TENURE_CORPUS names them."""

import json
import os
from base64 import b64decode
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import Any

import pytest

from events.seals.errors import ProofRefused
from events.seals.merkle import Frontier, extend, leaf_hash
from events.seals.proofs import (
    verify_consistency,
    verify_inclusion,
    verify_subtree_consistency,
    verify_subtree_inclusion,
)

CORPUS = os.environ.get("TENURE_CORPUS", "")
MERKLE = Path(CORPUS) / "merkle"

pytestmark = pytest.mark.skipif(
    not CORPUS, reason="TENURE_CORPUS is unset: it names the folder with merkle/ vectors"
)


def vectors(kind: str) -> list[Any]:
    if not CORPUS:
        return []
    folder = MERKLE / "testdata" / kind
    files = sorted(folder.rglob("*.json"))
    return [pytest.param(file, id=str(file.relative_to(folder))) for file in files]


def expect(vector: dict[str, Any]) -> AbstractContextManager[object]:
    return pytest.raises(ProofRefused) if vector["wantErr"] else nullcontext()


def hashes(texts: list[str] | None) -> list[bytes]:
    return [b64decode(text) for text in texts or []]


def test_every_published_vector_is_found() -> None:
    kinds = ("inclusion", "consistency", "subtreeinclusion", "subtreeconsistency")
    assert [len(vectors(kind)) for kind in kinds] == [98, 98, 204, 118]


@pytest.mark.parametrize("file", vectors("inclusion"))
def test_inclusion_vector(file: Path) -> None:
    vector = json.loads(file.read_text())

    with expect(vector):
        verify_inclusion(
            b64decode(vector["leafHash"]),
            vector["leafIdx"],
            size=vector["treeSize"],
            path=hashes(vector["proof"]),
            root=b64decode(vector["root"]),
        )


@pytest.mark.parametrize("file", vectors("consistency"))
def test_consistency_vector(file: Path) -> None:
    vector = json.loads(file.read_text())

    with expect(vector):
        verify_consistency(
            vector["size1"],
            vector["size2"],
            old_root=b64decode(vector["root1"]),
            new_root=b64decode(vector["root2"]),
            path=hashes(vector["proof"]),
        )


@pytest.mark.parametrize("file", vectors("subtreeinclusion"))
def test_subtree_inclusion_vector(file: Path) -> None:
    vector = json.loads(file.read_text())

    with expect(vector):
        verify_subtree_inclusion(
            b64decode(vector["leafHash"] or ""),
            vector["leafIdx"],
            subtree=(vector["start"], vector["end"]),
            path=hashes(vector["proof"]),
            root=b64decode(vector["root"] or ""),
        )


@pytest.mark.parametrize("file", vectors("subtreeconsistency"))
def test_subtree_consistency_vector(file: Path) -> None:
    vector = json.loads(file.read_text())

    with expect(vector):
        verify_subtree_consistency(
            (vector["start"], vector["end"]),
            vector["size"],
            old_root=b64decode(vector["root1"] or ""),
            new_root=b64decode(vector["root2"] or ""),
            path=hashes(vector["proof"]),
        )


def test_published_roots() -> None:
    published = json.loads((MERKLE / "rfc6962_roots.json").read_text())
    leaves = [leaf_hash(bytes.fromhex(leaf)) for leaf in published["leaf_inputs_hex"]]

    roots = [extend(Frontier(), leaves[:n])[0].root.hex() for n in range(len(leaves) + 1)]

    assert roots == published["root_hashes_by_size_hex"]
