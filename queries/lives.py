"""A user as a page shows them: the profile at the asked instants, its steps, and the whole life around."""

from dataclasses import dataclass
from datetime import datetime

from queries.past import Past, past
from queries.profile import Profile, profile
from queries.rows import AnyConnection
from queries.timeline import Step, timeline
from queries.timetravel import flat


@dataclass(frozen=True, slots=True)
class Lived:
    """`profile` and `steps` are bounded by both clocks; `whole` by `known_at` alone.

    `profile` is None when nothing had mentioned the user by then, or nothing does any more.
    """

    profile: Profile | None
    steps: list[Step]
    whole: list[Step]


def lived(
    conn: AnyConnection,
    user_id: str,
    *,
    as_of: datetime | None = None,
    known_at: datetime | None = None,
    live_only: bool = False,
) -> Lived | None:
    """What is known of the user; None when nothing ever mentioned them, by `known_at` if given."""
    everything = past(conn, user_id, known_at=known_at, live_only=live_only)
    whole = timeline(everything)
    if not whole:
        return None
    if as_of is None:
        row = profile(conn, user_id) if known_at is None else None
        return Lived(row or _profile_of(everything), whole, whole)
    bounded = past(conn, user_id, as_of=as_of, known_at=known_at, live_only=live_only)
    return Lived(_profile_of(bounded), timeline(bounded), whole)


def _profile_of(found: Past) -> Profile | None:
    """None for a user of whom nothing is left but customers who went to somebody else."""
    state = found.state()
    return None if state is None else flat(state, found.catalog())
