"""How far the tables are behind the log."""

from dataclasses import dataclass
from datetime import datetime

from events.statements import statement
from queries.rows import AnyConnection, fetch_one


@dataclass(frozen=True, slots=True)
class Lag:
    """Events not yet projected, and when the longest waiting of them was recorded."""

    events: int
    oldest_recorded_at: datetime | None


def projection_lag(conn: AnyConnection) -> Lag:
    """The lag over all parts."""
    row = fetch_one(conn, statement("queries", "projection_lag"), {})
    assert row is not None  # an aggregate always answers one row
    return Lag(row["waiting"], row["oldest_recorded_at"])
