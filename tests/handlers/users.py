"""Users as the log and the projector make them, and a look at what became of them."""

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Any

from events.append import append_all
from events.envelope import NewEvent
from events.statements import AnyConnection
from projections.projector import Projector
from queries.profile import profile
from tests.projections import event_builders

NOW = datetime(2026, 1, 10, 12, tzinfo=UTC)
DAY = timedelta(days=1)


def tell(conn: AnyConnection, *events: NewEvent) -> None:
    """Append and project; the caller need not commit."""
    append_all(conn, events)
    project(conn)


def project(conn: AnyConnection) -> None:
    """Project everything there is."""
    conn.commit()
    while Projector().project(conn, parts=64, limit=1000).events:
        conn.commit()
    conn.commit()


def sold(campaigns: int = 3, creators: int = 100, **features: Any) -> list[NewEvent]:  # Any: JSON
    """A catalog of a free plan, which has those limits, and of glow_up, which has ten times as much."""
    return [
        event_builders.published("free", campaigns=campaigns, creators=creators, features=features),
        event_builders.published(
            "glow_up",
            campaigns=campaigns * 10,
            creators=-1,
            monthly="price_glow_up_monthly",
            features=features,
        ),
    ]


def joined(*users: str) -> list[NewEvent]:
    """Clerk's word on each."""
    return [
        event_builders.clerk("user.created", event_builders.user(user, email=f"{user}@example.com"))
        for user in users
    ]


def row(conn: AnyConnection, user_id: str) -> dict[str, Any]:  # Any: a column's value
    """The flat profile as it stands."""
    columns = profile(conn, user_id)
    assert columns is not None
    return columns


def types_of(conn: AnyConnection, user_id: str) -> list[str]:
    """The types of our own events about the user, in the order they were said."""
    cursor = conn.execute(
        "SELECT event_type FROM events WHERE route_key = %s AND source_system = 'tenure' ORDER BY position",
        [user_id],
    )
    return [event_row[0] for event_row in cursor.fetchall()]


def drain(pages: Iterable[Any]) -> list[Any]:  # Any: whatever the pages hold
    """All pages as one list."""
    return [entry for page in pages for entry in page]
