"""Envelopes for events fetched from a provider's API: as from a webhook, but without a signature."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime

from events.clock import EPOCH
from events.envelope import NewEvent
from webhooks.clerk.envelope import clerk_event
from webhooks.instants import bounded
from webhooks.stripe.envelope import stripe_event
from webhooks.verification import Secret, Verified

_NO_SECRET = Secret(-1, "", b"")


def fetched_stripe_event(event: Mapping[str, object], text: str, marks: Mapping[str, object]) -> NewEvent:
    """The event that Stripe's endpoint would have appended, with `marks` instead of a signature."""
    unsigned = Verified(_NO_SECRET, EPOCH, "")
    return _marked(stripe_event(event, text, unsigned), unsigned, marks)


def fetched_clerk_event(
    event: Mapping[str, object], text: str, message_id: str, marks: Mapping[str, object]
) -> NewEvent:
    """The event that Clerk's endpoint would have appended, with `marks` instead of a signature."""
    unsigned = Verified(_NO_SECRET, _instant(marks), "", message_id=message_id)
    return _marked(clerk_event(event, text, unsigned), unsigned, marks)


def _marked(event: NewEvent, unsigned: Verified, marks: Mapping[str, object]) -> NewEvent:
    event = bounded(event, sent_at=_instant(marks))
    provider_metadata = {
        name: value for name, value in event.metadata.items() if name not in unsigned.metadata()
    }
    return replace(event, metadata=provider_metadata | dict(marks))


def _instant(marks: Mapping[str, object]) -> datetime:
    return datetime.fromisoformat(str(marks["fetched_at"]))
