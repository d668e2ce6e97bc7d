"""The envelope a door would give a delivery of the demo world."""

from datetime import UTC, datetime

from demo.deliveries import DemoDelivery
from events.envelope import NewEvent
from webhooks.clerk.envelope import clerk_event
from webhooks.stripe.envelope import stripe_event
from webhooks.verification import Secret, Verified

ATTEMPTED_AT = datetime(2026, 1, 1, tzinfo=UTC)


def envelope(delivery: DemoDelivery) -> NewEvent:
    """As `POST /webhooks/…` would file it."""
    verified = Verified(Secret(0, "test", b""), ATTEMPTED_AT, "test", delivery.message_id)
    read = stripe_event if delivery.provider == "stripe" else clerk_event
    return read(delivery.event, delivery.body.decode(), verified)
