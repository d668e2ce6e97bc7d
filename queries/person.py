"""Everything that is kept about one person: for themselves, and as evidence."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from events.statements import statement
from queries.customers import linked_customers
from queries.events import EventFilter
from queries.export import exported
from queries.history import history
from queries.profile import Profile, profile
from queries.rows import AnyConnection, Row, fetch_all

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
    live_only: bool = False,
) -> PersonFile:
    """What happened, by the source's clock, and who looked, in a window (`until` is not included).

    `conn` is at the beginning of a transaction, which from then on reads one snapshot and writes
    nothing: note the read before, in a transaction of its own.
    """
    wanted = EventFilter(user_id=user_id, occurred_after=since, occurred_before=until)
    with exported(conn, wanted, bodies=True) as rows:
        found = list(rows)
    customers = tuple(linked_customers(conn, user_id))
    told = history(conn, user_id, live_only=live_only) or []
    asked = {"subjects": [user_id, *customers], "since": since, "until": until}
    return PersonFile(
        user_id=user_id,
        customers=customers,
        profile=profile(conn, user_id),
        events=found,
        history=[entry for entry in told if _within(entry["occurred_at"], since, until)],
        reads=fetch_all(conn, statement("queries", "access_of"), asked),
    )


def _within(at: datetime, since: datetime | None, until: datetime | None) -> bool:
    return (since is None or since <= at) and (until is None or at < until)
