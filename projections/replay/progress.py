"""Progress of a replay: stored in the shadow schema, committed together with the rows it covers."""

import msgspec
from msgspec import Struct, field

from events.statements import AnyConnection
from projections.replay.statements import do, rows


class WorkOutcome(Struct, frozen=True, kw_only=True):
    """The outcome of one piece of work."""

    events: int = 0
    bytes: int = 0
    parts: dict[int, int] = field(default_factory=dict)
    rows: dict[str, int] = field(default_factory=dict)
    digest: str = "0"


def finished(conn: AnyConnection, stage: str, number: int) -> WorkOutcome | None:
    """The outcome of a piece; None when it is not done."""
    outcomes = rows(conn, "replay_finished", stage=stage, number=number)
    return msgspec.json.decode(outcomes[0][0], type=WorkOutcome) if outcomes else None


def finish(conn: AnyConnection, stage: str, number: int, outcome: WorkOutcome) -> None:
    """Mark a piece as done. Of two workers on one piece the second fails on the primary key."""
    encoded = msgspec.json.encode(outcome).decode()
    do(conn, "replay_finish", stage=stage, number=number, outcome=encoded)


def all_finished(conn: AnyConnection, stage: str) -> dict[int, WorkOutcome]:
    """Piece to its outcome."""
    outcomes = rows(conn, "replay_all_finished", stage=stage)
    return {number: msgspec.json.decode(outcome, type=WorkOutcome) for number, outcome in outcomes}
