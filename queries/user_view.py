"""A user as a page shows them: the profile at the asked instants, its steps, and the whole life around."""

from dataclasses import dataclass
from datetime import datetime

from events.clock import micros
from projections.snapshots import EVER
from queries.bases import Streams
from queries.history_at import BoundedHistory, load_history
from queries.profile import Profile, profile
from queries.rows import AnyConnection
from queries.timeline import Step, timeline
from queries.timetravel import flat

MOST_SHOWN = 2000


@dataclass(frozen=True, slots=True)
class UserView:
    """`profile` and `steps` are bounded by both clocks; `whole` by `known_at` alone.

    `profile` is None when nothing had mentioned the user by then, or nothing does any more. Of a life of
    many events both are the latest; `is_all` says whether that is all of them.
    """

    profile: Profile | None
    steps: list[Step]
    whole: list[Step]
    is_all: bool


def lived(
    conn: AnyConnection,
    user_id: str,
    *,
    as_of: datetime | None = None,
    known_at: datetime | None = None,
    live_only: bool = False,
) -> UserView | None:
    """What is known of the user; None when nothing ever mentioned them, by `known_at` if given."""
    streams = Streams(conn, user_id)

    def latest(end: datetime | None) -> BoundedHistory:
        until = EVER if end is None else micros(end)
        base = streams.latest(until, MOST_SHOWN, known_at)
        return load_history(
            conn, user_id, as_of=end, known_at=known_at, live_only=live_only, streams=streams, base=base
        )

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


def _profile_of(found: BoundedHistory) -> Profile | None:
    """None for a user of whom nothing is left but customers who went to somebody else."""
    state = found.state()
    return None if state is None else flat(state, found.catalog())
