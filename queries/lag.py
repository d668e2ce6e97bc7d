"""How far the tables are behind the log, and how many users wait for a refold."""

from dataclasses import dataclass
from datetime import datetime

from events.statements import AnyConnection, statement
from queries.pluralize import counted
from queries.rows import fetch_one

STALLED_AFTER_S = 20.0


@dataclass(frozen=True, slots=True)
class Lag:
    """Events not yet projected, and the recording time of the oldest.

    `stalled_s`: for how long events have waited without a move of their checkpoints, by the database's clock.
    """

    events: int
    oldest_recorded_at: datetime | None
    stalled_s: float = 0.0

    def is_stalled(self) -> bool:
        """True if no projector makes progress although events wait."""
        return self.stalled_s > STALLED_AFTER_S

    def stall(self) -> str:
        """The cause in one line."""
        return (
            f"no projector has made progress for {self.stalled_s:.0f} s "
            f"although {counted(self.events, 'event waits', 'events wait')}"
        )


def projection_lag(conn: AnyConnection) -> Lag:
    """The lag over all parts."""
    row = fetch_one(conn, statement("queries", "projection_lag"), {})
    assert row is not None  # an aggregate always answers one row
    return Lag(row["waiting"], row["oldest_recorded_at"], max(0.0, row["stalled_s"]))


REFOLD_IS_OLD_S = 300.0


@dataclass(frozen=True, slots=True)
class Refolds:
    """Users whose rows lack late events until a refold, and for how long the first of them has waited, by
    the database's clock."""

    users: int
    oldest_s: float

    def is_old(self) -> bool:
        """True if the first of them has waited longer than a refold of a very long history takes."""
        return self.oldest_s > REFOLD_IS_OLD_S

    def text(self) -> str:
        """The number and the wait in one line."""
        what = counted(self.users, "user waits to be folded again", "users wait to be folded again")
        return f"{what}, the first for {self.oldest_s:.0f} s"


def refolds_waiting(conn: AnyConnection) -> Refolds:
    """The pending refolds of all users."""
    row = fetch_one(conn, statement("queries", "refolds_waiting"), {})
    assert row is not None  # an aggregate always answers one row
    return Refolds(row["users"], row["oldest_s"])
