"""Whether a signed checkpoint still holds: signed by a key we vouch for, about the trees that are stored.

It costs one look at 64 trees. That the trees are those of the events is for `tenure audit verify`.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from events.seals.checkpoint import verify_checkpoint
from events.seals.errors import SealError
from events.seals.keys import VerifierKey
from queries.rows import AnyConnection
from queries.sealed_leaves import frontiers
from queries.seals import StoredCheckpoint, origin_of


@dataclass(frozen=True, slots=True)
class CheckpointCheck:
    """`problem` is None when it holds; `signed_by` are the trusted keys that signed it."""

    problem: str | None
    signed_by: tuple[VerifierKey, ...]


def check_checkpoint(
    conn: AnyConnection, stored: StoredCheckpoint, trusted: Sequence[VerifierKey]
) -> CheckpointCheck:
    """The check of one stored checkpoint; it raises nothing of its own."""
    try:
        found = verify_checkpoint(stored.note, trusted)
    except SealError as problem:
        return CheckpointCheck(str(problem), ())
    said = found.checkpoint
    if (said.signed_at, said.size, said.root) != (stored.signed_at, stored.size, stored.root):
        return CheckpointCheck("its columns say something else than its signed note", found.signed_by)
    if said.origin != origin_of(conn):
        return CheckpointCheck("it was signed for another log", found.signed_by)
    trees = frontiers(conn, {head.part: head.size for head in said.heads})
    wrong = [head.part for head in said.heads if (tree := trees[head.part]) is None or tree.root != head.root]
    if wrong:
        parts = ", ".join(map(str, wrong[:5]))
        return CheckpointCheck(f"the stored trees of parts {parts} are not those it signed", found.signed_by)
    return CheckpointCheck(None, found.signed_by)
