"""Bounds for the instant that an event claims: one far after its delivery would be folded there."""

from dataclasses import replace
from datetime import datetime, timedelta

from events.clock import EPOCH
from events.envelope import NewEvent
from events.payload import parse
from webhooks.lenient_json import at

MAX_AHEAD = timedelta(hours=1)
# Stripe dates what happens to the objects of a test clock by its simulated time.
MAX_AHEAD_SIMULATED = timedelta(days=3660)
CLAIMED = "claimed_occurred_at"


def bounded(event: NewEvent, *, sent_at: datetime) -> NewEvent:
    """The event, filed no earlier than 1970 and at most an hour after it was sent.

    Where it claims another instant, the metadata keeps it, as the body does.
    """
    claimed = event.occurred_at
    if EPOCH <= claimed <= sent_at + MAX_AHEAD:
        return event
    ahead = MAX_AHEAD_SIMULATED if _is_simulated(event) else MAX_AHEAD
    instant = max(EPOCH, min(claimed, sent_at + ahead))
    if instant == claimed:
        return event
    return replace(event, occurred_at=instant, metadata={**event.metadata, CLAIMED: claimed.isoformat()})


def _is_simulated(event: NewEvent) -> bool:
    """Whether it is a test event about an object of a test clock."""
    return not event.livemode and at(parse(event.payload), "data", "object", "test_clock") is not None
