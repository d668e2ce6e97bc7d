"""What of a replay is done: kept in the shadow schema, committed with the rows it speaks of."""

import msgspec
from msgspec import Struct, field

from projections.replay.statements import AnyConnection, do, rows


class WorkOutcome(Struct, frozen=True, kw_only=True):
    """What one piece of work came to."""

    events: int = 0
    bytes: int = 0
    parts: dict[int, int] = field(default_factory=dict)
    rows: dict[str, int] = field(default_factory=dict)
    digest: str = "0"


def finished(conn: AnyConnection, stage: str, number: int) -> WorkOutcome | None:
    """What a piece came to, if it is done."""
    outcomes = rows(conn, "replay_finished", stage=stage, number=number)
    return msgspec.json.decode(outcomes[0][0], type=WorkOutcome) if outcomes else None


def finish(conn: AnyConnection, stage: str, number: int, outcome: WorkOutcome) -> None:
    """Note a piece as done. Two workers on one piece: the second fails on the primary key."""
    encoded = msgspec.json.encode(outcome).decode()
    do(conn, "replay_finish", stage=stage, number=number, outcome=encoded)


def all_finished(conn: AnyConnection, stage: str) -> dict[int, WorkOutcome]:
    """Piece to what it came to."""
    outcomes = rows(conn, "replay_all_finished", stage=stage)
    return {number: msgspec.json.decode(outcome, type=WorkOutcome) for number, outcome in outcomes}
