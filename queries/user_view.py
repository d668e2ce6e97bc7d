"""A user for a page: the profile at the given instants, its steps, and the whole history."""

from dataclasses import dataclass
from datetime import datetime

from events.clock import micros
from events.statements import AnyConnection
from projections.snapshots import EVER
from queries.bases import Streams
from queries.history_at import BoundedHistory, load_history
from queries.profile import Profile, profile
from queries.timeline import Step, timeline
from queries.timetravel import flat

MAX_SHOWN = 2000


@dataclass(frozen=True, slots=True)
class UserView:
    """`profile` and `steps` are bounded by both clocks; `whole` by `known_at` alone.

    `profile` is None when no event mentioned the user by then, or none does any more. Of a long history the
    steps are the latest; `is_all` is true if they are all.
    """

    profile: Profile | None
    steps: list[Step]
    whole: list[Step]
    is_all: bool


def load_user_view(
    conn: AnyConnection,
    user_id: str,
    *,
    as_of: datetime | None = None,
    known_at: datetime | None = None,
) -> UserView | None:
    """The view of the user; None when no event mentions them, by `known_at` if given."""
    streams = Streams(conn, user_id)

    def latest(end: datetime | None) -> BoundedHistory:
        until = EVER if end is None else micros(end)
        base = streams.latest(until, MAX_SHOWN, known_at)
        return load_history(conn, user_id, as_of=end, known_at=known_at, streams=streams, base=base)

    everything = latest(None)
    whole = timeline(everything)
    if not whole:
        return None
    is_all = everything.base is None
    if as_of is None:
        row = profile(conn, user_id) if known_at is None else None
        return UserView(row or _profile_of(everything), whole, whole, is_all)
    bounded = latest(as_of)
    return UserView(_profile_of(bounded), timeline(bounded), whole, is_all and bounded.base is None)


def _profile_of(history: BoundedHistory) -> Profile | None:
    """None for a user whose only events are of customers that moved to another user."""
    state = history.state()
    return None if state is None else flat(state, history.catalog())
