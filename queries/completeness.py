"""The completeness ledger: per provider and hour what was received, and what had to be caught up."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from events.statements import statement
from queries.rows import AnyConnection, Row, fetch_all

HOUR = timedelta(hours=1)
# The counts of one source and hour.
COUNTED = ("received", "caught_up", "healed", "conflicts", "failures", "refusals")


@dataclass(frozen=True, slots=True)
class Outage:
    """A time of which events are only known because they were caught up. `until` is not included."""

    source: str
    since: datetime
    until: datetime
    received: int
    caught_up: int

    def told(self) -> dict[str, Any]:  # Any: JSON values
        return {
            "source": self.source,
            "since": self.since,
            "until": self.until,
            "received": self.received,
            "caught_up": self.caught_up,
        }


def ledger(conn: AnyConnection, *, since: datetime, until: datetime, live_only: bool) -> list[Row]:
    """A row for each source and hour in which anything happened, oldest first."""
    values = {"since": since, "until": until, "live_only": live_only}
    return fetch_all(conn, statement("queries", "completeness_hours"), values)


def outages(rows: Iterable[Row]) -> list[Outage]:
    """The ledger's outages: hours with something caught up, and silent hours between them.

    An hour that was received without a loss ends an outage.
    """
    found: list[Outage] = []
    open_ones: dict[str, Outage] = {}
    for row in rows:
        source, hour = row["source"], row["hour"]
        going_on = open_ones.get(source)
        if row["caught_up"]:
            begun = going_on or Outage(source, hour, hour, 0, 0)
            open_ones[source] = Outage(
                source,
                begun.since,
                hour + HOUR,
                begun.received + row["received"],
                begun.caught_up + row["caught_up"],
            )
        elif row["received"] and going_on is not None:
            found.append(open_ones.pop(source))
    return sorted([*found, *open_ones.values()], key=lambda outage: (outage.since, outage.source))


def usual_gaps(conn: AnyConnection, *, since: datetime) -> dict[str, Row]:
    """Source to last_at, gaps, usual_s: how long it is usually silent between two webhooks."""
    found = fetch_all(conn, statement("queries", "completeness_gaps"), {"since": since})
    return {row["source"]: row for row in found}


def reconciled(conn: AnyConnection) -> dict[str, Row]:
    """Source to finished_at and has_events."""
    return {row["source"]: row for row in fetch_all(conn, statement("queries", "completeness_windows"), {})}


def refused(conn: AnyConnection) -> list[Row]:
    """source, message and since of each reconciliation that a brake stopped, and not gone well since."""
    return fetch_all(conn, statement("queries", "refused_runs"), {})


def recent(conn: AnyConnection, *, since: datetime) -> dict[str, Row]:
    """Source to deliveries, failures, refusals since then."""
    found = fetch_all(conn, statement("queries", "completeness_recent"), {"since": since})
    return {row["source"]: row for row in found}
