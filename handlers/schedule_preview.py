"""Preview the users that time alone will change in the coming days, when and why; nothing is written."""

from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from typing import NamedTuple

import structlog

from events.clock import from_micros, later
from events.statements import AnyConnection
from handlers.expirations import GRACE, WARNING_DAYS
from handlers.scheduled_scans import candidates
from projections.state import State
from projections.tables.usage import next_reset, period_of
from queries.pluralize import counted

logger = structlog.get_logger(__name__)

KINDS = ("trial.ending_soon", "trial.expired", "entitlement.revoked", "usage.reset")


class Upcoming(NamedTuple):
    """One future change. `what` is the type of the event that will record it."""

    user_id: str
    at: datetime
    what: str
    why: str


Foresee = Callable[[State, timedelta], Iterator[Upcoming]]


def preview(conn: AnyConnection, now: datetime, days: int, *, grace: timedelta = GRACE) -> list[Upcoming]:
    """Everything that falls due by then if nothing else happens, the soonest first.

    Overdue changes come first, at the instant they fell due. A monthly reset is listed once per user.
    """
    by = later(now, timedelta(days=days))
    upcoming: dict[Upcoming, None] = {}
    for name, foresee in FORESEEN.items():
        ahead = later(by, timedelta(days=max(WARNING_DAYS))) if name == "trials_to_end" else by
        for page in candidates(conn, name, ahead):
            for state in page:
                if state.poison is None:
                    upcoming |= dict.fromkeys(_foreseen(foresee, state, grace, by))
    return sorted(
        (change for change in upcoming if _to_come(change, now)),
        key=lambda change: (change.at, change.user_id, change.what),
    )


def _foreseen(foresee: Foresee, state: State, grace: timedelta, by: datetime) -> list[Upcoming]:
    """The user's changes; empty if the rule fails, so that the preview of all others remains."""
    try:
        return [change for change in foresee(state, grace) if change.at <= by]
    except Exception:
        logger.exception("preview.rule_failed", user_id=state.user_id)
        return []


def _to_come(change: Upcoming, now: datetime) -> bool:
    """False for a warning whose instant has passed: it was sent, or is not sent any more."""
    return change.what != "trial.ending_soon" or change.at > now


def _trial(state: State, grace: timedelta) -> Iterator[Upcoming]:
    trial = state.trial
    if trial.status != "active" or trial.ends_at is None:
        return
    ends_at = from_micros(trial.ends_at)
    whose = "Tenure's trial" if trial.subscription is None else f"the Stripe trial of {trial.subscription}"
    for days in WARNING_DAYS:
        at = ends_at - timedelta(days=days)
        if trial.starts_at is None or from_micros(trial.starts_at) <= at:
            yield Upcoming(state.user_id, at, "trial.ending_soon", f"{whose} ends in {counted(days, 'day')}")
    if trial.subscription is None:
        yield Upcoming(state.user_id, ends_at, "trial.expired", f"{whose} ends, unless the user pays before")
    else:
        minutes = grace // timedelta(minutes=1)
        over = counted(minutes, "minute")
        why = f"{whose} will have been over for {over}, unless an event of Stripe changes that"
        yield Upcoming(state.user_id, later(ends_at, grace), "trial.expired", why)


def _month(state: State, _grace: timedelta) -> Iterator[Upcoming]:
    used = f"{counted(state.creators, 'creator')} and {counted(state.enrichments, 'enrichment')} used"
    yield Upcoming(
        state.user_id, next_reset(from_micros(period_of(state))), "usage.reset", f"the month is over; {used}"
    )


def _grant(state: State, _grace: timedelta) -> Iterator[Upcoming]:
    if state.grant is not None and state.grant.until is not None:
        why = f"{state.grant.plan} was granted until then"
        yield Upcoming(state.user_id, from_micros(state.grant.until), "entitlement.revoked", why)


FORESEEN: dict[str, Foresee] = {
    "trials_to_end": _trial,
    "months_to_end": _month,
    "grants_to_end": _grant,
}
