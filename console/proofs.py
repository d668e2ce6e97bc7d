"""An event's inclusion under the latest signed checkpoint, checked before a page shows it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

import orjson

from events.seals.errors import SealError
from events.seals.event_proof import check_proof
from events.seals.keys import VerifierKey
from events.statements import AnyConnection
from queries.seals import NoCheckpoint, NotSealedYet, event_proof


@dataclass(frozen=True, slots=True)
class Proof:
    """`waits` says why there is no proof yet; `problem` why it fails; both None: it verifies."""

    waits: str | None = None
    problem: str | None = None
    size: int = 0
    signed_at: datetime | None = None
    part_path: tuple[str, ...] = ()
    vector_path: tuple[str, ...] = ()
    signed_by: tuple[VerifierKey, ...] = ()


def proof_of(conn: AnyConnection, event_id: UUID, trusted: Sequence[VerifierKey]) -> Proof:
    """The result of checking the event's proof."""
    try:
        proof = event_proof(conn, str(event_id))
        checked = check_proof(proof, trusted)
    except (NoCheckpoint, NotSealedYet):
        return Proof(waits="It is not under a signed checkpoint yet; one is signed each minute.")
    except SealError as problem:
        return Proof(problem=str(problem))
    return Proof(
        size=checked.checkpoint.size,
        signed_at=checked.checkpoint.signed_at,
        part_path=tuple(proof["part_path"]),
        vector_path=tuple(proof["vector_path"]),
        signed_by=checked.signed_by,
    )


def as_file(conn: AnyConnection, event_id: UUID, trusted: Sequence[VerifierKey]) -> bytes | None:
    """The proof file; None when there is no proof or it does not verify."""
    try:
        proof = event_proof(conn, str(event_id))
        check_proof(proof, trusted)
    except SealError:
        return None
    return orjson.dumps(proof, option=orjson.OPT_INDENT_2)
