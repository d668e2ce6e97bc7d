"""Checkpoints, and proofs made from the stored trees."""

from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass
from datetime import datetime
from functools import partial
from typing import Any
from uuid import UUID

from psycopg.rows import tuple_row

from events.errors import EventNotFound
from events.seals.checkpoint import PartHead, parse_checkpoint
from events.seals.errors import SealError
from events.seals.event_proof import make_event_proof
from events.seals.growth_proof import Growth, check_growth, make_growth_proof
from events.seals.keys import VerifierKey
from events.seals.note import parse_note
from events.seals.proofs import make_inclusion
from events.statements import AnyConnection, statement
from queries.events import one_event
from queries.rows import fetch_all, fetch_one
from queries.sealed_leaves import reader_of, row_at

Json = dict[str, Any]  # Any: JSON values

_PAGE = 500


class NotSealedYet(SealError):
    """The event is newer than the last checkpoint. Try again in a minute."""

    def __init__(self, part: int, position: int) -> None:
        super().__init__(
            f"part {part}, position {position} is not under a checkpoint yet: try again in a minute, "
            "or sign one now: tenure audit checkpoint --now"
        )


class NoCheckpoint(SealError):
    """There is no checkpoint. The scheduler signs every minute; `tenure audit checkpoint --now` at once."""

    def __init__(self) -> None:
        super().__init__("there is no checkpoint yet; sign one: tenure audit checkpoint --now")


@dataclass(frozen=True, slots=True)
class StoredCheckpoint:
    """A stored checkpoint: the signed note, and its values in columns."""

    number: int
    signed_at: datetime
    size: int
    root: bytes
    note: str
    verifiers: tuple[str, ...]

    def as_row(self) -> Json:
        """The columns of `log_checkpoints`."""
        return asdict(self) | {"verifiers": list(self.verifiers)}


def latest_checkpoint(conn: AnyConnection) -> StoredCheckpoint | None:
    """The newest signed checkpoint, its signatures not checked."""
    row = fetch_one(conn, statement("queries", "checkpoint_latest"), {})
    return None if row is None else StoredCheckpoint(**row | {"verifiers": tuple(row["verifiers"])})


def checkpoint_numbered(conn: AnyConnection, number: int) -> StoredCheckpoint | None:
    """One checkpoint by its number."""
    row = fetch_one(conn, statement("queries", "checkpoint_numbered"), {"number": number})
    return None if row is None else StoredCheckpoint(**row | {"verifiers": tuple(row["verifiers"])})


def checkpoints(conn: AnyConnection, *, before: int | None = None) -> Iterator[StoredCheckpoint]:
    """All checkpoints, the newest first, page by page."""
    while True:
        parameters = {"before": before, "limit": _PAGE}
        page = fetch_all(conn, statement("queries", "checkpoints_before"), parameters)
        for row in page:
            yield StoredCheckpoint(**row | {"verifiers": tuple(row["verifiers"])})
        if len(page) < _PAGE:
            return
        before = page[-1]["number"]


def heads_of(note: str) -> tuple[PartHead, ...]:
    """The part heads in a note, its signatures not checked. Raises: MalformedNote, MalformedCheckpoint."""
    return parse_checkpoint(parse_note(note).text).heads


def origin_of(conn: AnyConnection) -> str | None:
    """The log's name; None before the first seal."""
    row = fetch_one(conn, statement("queries", "log_origin"), {})
    return None if row is None else str(row["origin"])


def event_proof(conn: AnyConnection, event_id: str, *, payload: bool = True) -> Json:
    """The proof file of an event, by its id or its provider's id, under the latest checkpoint.

    Raises: EventNotFound; NoCheckpoint; NotSealedYet; MissingNode.
    """
    part, position = _place(conn, event_id)
    return proof_at(conn, part, position, under=_latest(conn), payload=payload)


def proof_at(
    conn: AnyConnection, part: int, position: int, *, under: StoredCheckpoint, payload: bool = True
) -> Json:
    """The proof file of the event at a place, under one checkpoint.

    Raises: EventNotFound; NotSealedYet; MissingNode.
    """
    row = row_at(conn, part, position)
    if row is None:
        raise EventNotFound(f"at part {part}, position {position}")
    head = heads_of(under.note)[part]
    if position > head.size:
        raise NotSealedYet(part, position)
    shown = payload and row.payload is not None
    return make_event_proof(
        row.texts,
        salt=row.salt if shown else None,
        payload=row.payload if shown else None,
        part_path=make_inclusion(position - 1, head.size, read_nodes=reader_of(conn, part)),
        checkpoint=under.note,
    )


def growth_proof(conn: AnyConnection, older: str, newer: str | None = None) -> Json:
    """The proof that the log in `newer` (a note; None: the latest) begins with all of `older`.

    Raises: ProofRefused when it does not; NoCheckpoint; MissingNode.
    """
    return make_growth_proof(older, newer or _latest(conn).note, reader_of=partial(reader_of, conn))


def grown(
    conn: AnyConnection, older: str, newer: str | None = None, *, trusted: Iterable[VerifierKey]
) -> tuple[Json, Growth]:
    """The growth proof, checked with the public keys as an outside verifier does."""
    proof = growth_proof(conn, older, newer)
    return proof, check_growth(proof, trusted)


def _latest(conn: AnyConnection) -> StoredCheckpoint:
    checkpoint = latest_checkpoint(conn)
    if checkpoint is None:
        raise NoCheckpoint
    return checkpoint


def _place(conn: AnyConnection, event_id: str) -> tuple[int, int]:
    try:
        row_id = UUID(event_id)
    except ValueError:
        event = one_event(conn, event_id)
        if event is None:
            raise EventNotFound(event_id) from None
        return event["part"], event["position"]
    with conn.cursor(row_factory=tuple_row) as cursor:
        row = cursor.execute(statement("queries", "event_place"), {"id": row_id}).fetchone()
    if row is None:
        raise EventNotFound(event_id)
    return row[0], row[1]
