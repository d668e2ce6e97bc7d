"""A recent late event before which the tables showed another plan or status."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from events.clock import MICROSECOND
from events.routing import part_of
from events.statements import AnyConnection, statement
from projections.state import State
from queries.events import EventRow
from queries.profile import Profile
from queries.rows import fetch_one
from queries.timetravel import profile_at

LATE = timedelta(hours=1)
RECENT = timedelta(days=7)
DECISIVE = ("stripe.customer.subscription.", "stripe.customer.deleted", "clerk.user.deleted")


@dataclass(frozen=True, slots=True)
class Late:
    """The event, for how long the tables lacked it, and their values just before it was recorded."""

    event: EventRow
    for_: timedelta
    just_before: datetime
    plan: str
    subscription_status: str


def late_event(
    conn: AnyConnection, state: State, latest: Sequence[EventRow], *, now: datetime
) -> Late | None:
    """The newest of the latest events that was late and changed plan or status.

    If the user's log begins with it, for example after an import, nothing wrong was shown before.
    """
    candidates = [event for event in latest if _may_matter(event, now)]
    if not candidates:
        return None
    since = _first_recorded(conn, [state.user_id, *state.links])
    for event in candidates:
        lacking = event["recorded_at"] - max(event["occurred_at"], since)
        if lacking > LATE:
            just_before = event["recorded_at"] - MICROSECOND
            shown, before = (
                profile_at(conn, state.user_id, known_at=known_at)
                for known_at in (event["recorded_at"], just_before)
            )
            if before is None or shown is None or _standing(shown) == _standing(before):
                continue
            return Late(event, lacking, just_before, *_standing(before))
    return None


def _standing(profile: Profile) -> tuple[str, str]:
    return profile["current_plan"], profile["subscription_status"]


def _may_matter(event: EventRow, now: datetime) -> bool:
    return (
        event["event_type"].startswith(DECISIVE)
        and not event["erased"]
        and now - event["recorded_at"] < RECENT
        and event["recorded_at"] - event["occurred_at"] > LATE
    )


def _first_recorded(conn: AnyConnection, routes: Iterable[str]) -> datetime:
    keys = list(routes)
    parameters = {"parts": [part_of(key) for key in keys], "routes": keys}
    row = fetch_one(conn, statement("queries", "first_recorded"), parameters)
    assert row is not None  # an aggregate; the caller has an event of the user
    first: datetime = row["recorded_at"]
    return first
