"""The profile at one instant, as known at another, or both."""

from datetime import datetime
from uuid import UUID

from events.statements import AnyConnection
from projections.catalog import Catalog
from projections.rows import rows_of
from projections.state import State
from projections.tables.registry import TABLES
from queries.history_at import past_state
from queries.profile import Profile


def profile_at(
    conn: AnyConnection,
    user_id: str,
    *,
    as_of: datetime | None = None,
    known_at: datetime | None = None,
) -> Profile | None:
    """The flat profile, exact to the microsecond; None when no event mentioned the user by then."""
    past = past_state(conn, user_id, as_of=as_of, known_at=known_at)
    state = past.state()
    return None if state is None else flat(state, past.catalog())


def flat(state: State, catalog: Catalog) -> Profile:
    """The five rows as one profile, with the columns and markers of `queries.profile`."""
    rows = rows_of(state, catalog)
    profile: Profile = rows["users"] | {"id": UUID(rows["users"]["id"])}
    for name, table in TABLES.items():
        profile |= {column: rows[name][column] for column in table.columns}
    poison = state.poison
    profile["stale"] = poison is not None
    profile["quarantine"] = {"event_id": poison.id, "event_type": poison.type} if poison else None
    return profile
