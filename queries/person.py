"""All stored data about one person: for a subject access request, and as evidence."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from events.statements import AnyConnection, Row, statement
from queries.customers import linked_customers
from queries.events import EventFilter
from queries.export import exported
from queries.history import history
from queries.profile import Profile, profile
from queries.rows import fetch_all

Json = dict[str, Any]  # Any: JSON values and instants


@dataclass(frozen=True, slots=True)
class PersonFile:
    """`events` oldest first with `metadata` and `event_data` as JSON text; `history` in canonical order."""

    user_id: str
    customers: tuple[str, ...]
    profile: Profile | None
    events: list[Row]
    history: list[Json]
    reads: list[Row]


def person_file(
    conn: AnyConnection,
    user_id: str,
    *,
    since: datetime | None = None,
    until: datetime | None = None,
) -> PersonFile:
    """The events by the source's clock, and the reads, in a window (`until` is exclusive).

    `conn` is at the beginning of a transaction, which then reads one snapshot and writes nothing: log
    the access before, in another transaction.
    """
    event_filter = EventFilter(user_id=user_id, occurred_after=since, occurred_before=until)
    with exported(conn, event_filter, bodies=True) as rows:
        event_rows = list(rows)
    customers = tuple(linked_customers(conn, user_id))
    entries = history(conn, user_id) or []
    parameters = {"subjects": [user_id, *customers], "since": since, "until": until}
    return PersonFile(
        user_id=user_id,
        customers=customers,
        profile=profile(conn, user_id),
        events=event_rows,
        history=[entry for entry in entries if _within(entry["occurred_at"], since, until)],
        reads=fetch_all(conn, statement("queries", "access_of"), parameters),
    )


def _within(at: datetime, since: datetime | None, until: datetime | None) -> bool:
    return (since is None or since <= at) and (until is None or at < until)
