"""The proof file between two checkpoints: the later log begins with all of the earlier."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from events.seals import json_shape
from events.seals.checkpoint import Checkpoint, PartHead, parse_checkpoint, verify_checkpoint
from events.seals.encoding import base64_text
from events.seals.errors import ProofRefused
from events.seals.keys import VerifierKey
from events.seals.note import parse_note
from events.seals.proofs import ReadNodes, make_consistency, verify_consistency

FORMAT = 1

_NAMES = ("tenure_growth_proof", "older", "newer", "paths")


@dataclass(frozen=True, slots=True)
class Growth:
    """Two checkpoints of one log; the newer is verified to contain all of the older."""

    older: Checkpoint
    newer: Checkpoint

    @property
    def new_events(self) -> int:
        """How many events were sealed between the two."""
        return self.newer.size - self.older.size


def make_growth_proof(
    older: str, newer: str, *, reader_of: Callable[[int], ReadNodes]
) -> dict[str, Any]:  # Any: JSON values
    """The proof file's content; `reader_of(part)` reads that part's stored nodes.

    Raises: ProofRefused if the sizes of the newer do not continue the older; MissingNode;
    MalformedNote; MalformedCheckpoint.
    """
    before, after = (parse_checkpoint(parse_note(node).text) for node in (older, newer))
    paths = {
        str(old.part): [
            base64_text(node) for node in make_consistency(old.size, new.size, read_nodes=reader_of(old.part))
        ]
        for old, new in _grown(before, after)
    }
    return {"tenure_growth_proof": FORMAT, "older": older, "newer": newer, "paths": paths}


def check_growth(
    proof: dict[str, Any],  # Any: as it comes from JSON; everything is checked here
    verifier_keys: Iterable[VerifierKey],
) -> Growth:
    """The two checkpoints, after verifying that nothing in the older was changed since.

    Raises: MalformedProofFile; MalformedNote; SignatureRefused; MalformedCheckpoint;
    ProofRefused.
    """
    json_shape.exactly(proof, _NAMES, what="growth proof")
    json_shape.version(proof["tenure_growth_proof"], FORMAT, what="growth proof")
    keys = tuple(verifier_keys)
    older, newer = (
        verify_checkpoint(json_shape.text(proof[name], what=name), keys).checkpoint
        for name in ("older", "newer")
    )
    grown = _grown(older, newer)
    names = tuple(str(old.part) for old, _ in grown)
    paths = json_shape.exactly(proof["paths"], names, what="paths")
    for old, new in grown:
        try:
            verify_consistency(
                old.size,
                new.size,
                old_root=old.root,
                new_root=new.root,
                path=json_shape.path(paths[str(old.part)], what=f"paths, part {old.part}"),
            )
        except ProofRefused as problem:
            raise ProofRefused(f"part {old.part}: {problem}") from problem
    return Growth(older, newer)


def _grown(older: Checkpoint, newer: Checkpoint) -> list[tuple[PartHead, PartHead]]:
    """The parts that need a proof: neither empty before nor the same in both."""
    if older.origin != newer.origin:
        raise ProofRefused(f"these are two logs: {older.origin} and {newer.origin}")
    if newer.signed_at < older.signed_at:
        raise ProofRefused("the newer checkpoint is the earlier one: exchange them")
    pairs = list(zip(older.heads, newer.heads, strict=True))
    for old, new in pairs:
        if new.size < old.size:
            raise ProofRefused(f"part {old.part} had {old.size} events and has {new.size}: it was rewound")
        if new.size == old.size and new.root != old.root:
            raise ProofRefused(f"part {old.part} has another root at the same size: edited")
    return [(old, new) for old, new in pairs if 0 < old.size < new.size]
