"""The completeness ledger: events received and caught up, per provider and hour."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from events import livemode
from events.statements import AnyConnection, Row, statement
from queries.rows import fetch_all

HOUR = timedelta(hours=1)
# The counts of one source and hour.
COUNTED = ("received", "caught_up", "healed", "conflicts", "failures", "refusals")


@dataclass(frozen=True, slots=True)
class Outage:
    """A time whose events are known only because reconciliation caught them up. `until` is exclusive."""

    source: str
    since: datetime
    until: datetime
    received: int
    caught_up: int

    def as_json(self) -> dict[str, Any]:  # Any: JSON values
        return {
            "source": self.source,
            "since": self.since,
            "until": self.until,
            "received": self.received,
            "caught_up": self.caught_up,
        }


def ledger(conn: AnyConnection, *, since: datetime, until: datetime) -> list[Row]:
    """A row per source and hour with any event, oldest first."""
    values = {"since": since, "until": until, "live_only": livemode.live_only()}
    return fetch_all(conn, statement("queries", "completeness_hours"), values)


def outages(rows: Iterable[Row]) -> list[Outage]:
    """The ledger's outages: hours with events caught up, and silent hours between them.

    An hour that was received without loss ends an outage.
    """
    closed: list[Outage] = []
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
            closed.append(open_ones.pop(source))
    return sorted([*closed, *open_ones.values()], key=lambda outage: (outage.since, outage.source))


def usual_gaps(conn: AnyConnection, *, since: datetime) -> dict[str, Row]:
    """Source to last_at, gaps, usual_s: the usual time between two webhooks."""
    rows = fetch_all(conn, statement("queries", "completeness_gaps"), {"since": since})
    return {row["source"]: row for row in rows}


def reconciled(conn: AnyConnection) -> dict[str, Row]:
    """Source to finished_at and has_events."""
    return {row["source"]: row for row in fetch_all(conn, statement("queries", "completeness_windows"), {})}


def refused(conn: AnyConnection) -> list[Row]:
    """source, message and since of each reconciliation that a brake stopped and none completed since."""
    return fetch_all(conn, statement("queries", "refused_runs"), {})


def recent(conn: AnyConnection, *, since: datetime) -> dict[str, Row]:
    """Source to deliveries, failures and refusals since an instant."""
    rows = fetch_all(conn, statement("queries", "completeness_recent"), {"since": since})
    return {row["source"]: row for row in rows}
