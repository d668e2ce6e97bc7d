"""Whether a signed checkpoint is valid: signed by a trusted key, with the roots of the stored trees.

It reads the roots of 64 trees. `tenure audit verify` checks that the trees are those of the events.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from events.seals.checkpoint import verify_checkpoint
from events.seals.errors import SealError
from events.seals.keys import VerifierKey
from events.statements import AnyConnection
from queries.sealed_leaves import frontiers
from queries.seals import StoredCheckpoint, origin_of


@dataclass(frozen=True, slots=True)
class CheckpointCheck:
    """`problem` is None when it is valid; `signed_by` are the trusted keys that signed it."""

    problem: str | None
    signed_by: tuple[VerifierKey, ...]


def check_checkpoint(
    conn: AnyConnection, stored: StoredCheckpoint, trusted: Sequence[VerifierKey]
) -> CheckpointCheck:
    """Check one stored checkpoint; a problem is returned, not raised."""
    try:
        verified = verify_checkpoint(stored.note, trusted)
    except SealError as problem:
        return CheckpointCheck(str(problem), ())
    checkpoint = verified.checkpoint
    if (checkpoint.signed_at, checkpoint.size, checkpoint.root) != (
        stored.signed_at,
        stored.size,
        stored.root,
    ):
        return CheckpointCheck("its columns differ from its signed note", verified.signed_by)
    if checkpoint.origin != origin_of(conn):
        return CheckpointCheck("it was signed for another log", verified.signed_by)
    trees = frontiers(conn, {head.part: head.size for head in checkpoint.heads})
    wrong = [
        head.part for head in checkpoint.heads if (tree := trees[head.part]) is None or tree.root != head.root
    ]
    if wrong:
        parts = ", ".join(map(str, wrong[:5]))
        return CheckpointCheck(
            f"the stored trees of parts {parts} differ from its signed roots", verified.signed_by
        )
    return CheckpointCheck(None, verified.signed_by)
