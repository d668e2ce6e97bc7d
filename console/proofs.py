"""An event's inclusion under the latest signed checkpoint, checked before anybody is told of it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

import orjson

from events.seals.errors import SealError
from events.seals.event_proof import check_proof
from events.seals.keys import VerifierKey
from queries.rows import AnyConnection
from queries.seals import NoCheckpoint, NotSealedYet, event_proof


@dataclass(frozen=True, slots=True)
class Proof:
    """`waits` says why there is none yet; `problem` what is wrong with it; both None: it holds."""

    waits: str | None = None
    problem: str | None = None
    size: int = 0
    signed_at: datetime | None = None
    part_path: tuple[str, ...] = ()
    vector_path: tuple[str, ...] = ()
    signed_by: tuple[VerifierKey, ...] = ()


def proof_of(conn: AnyConnection, event_id: UUID, trusted: Sequence[VerifierKey]) -> Proof:
    """What the proof of this event says."""
    try:
        made = event_proof(conn, str(event_id))
        found = check_proof(made, trusted)
    except (NoCheckpoint, NotSealedYet):
        return Proof(waits="It is not under a signed checkpoint yet; one is signed each minute.")
    except SealError as problem:
        return Proof(problem=str(problem))
    return Proof(
        size=found.checkpoint.size,
        signed_at=found.checkpoint.signed_at,
        part_path=tuple(made["part_path"]),
        vector_path=tuple(made["vector_path"]),
        signed_by=found.signed_by,
    )


def as_file(conn: AnyConnection, event_id: UUID, trusted: Sequence[VerifierKey]) -> bytes | None:
    """The proof file; None when there is none, or none that would hold."""
    try:
        made = event_proof(conn, str(event_id))
        check_proof(made, trusted)
    except SealError:
        return None
    return orjson.dumps(made, option=orjson.OPT_INDENT_2)
