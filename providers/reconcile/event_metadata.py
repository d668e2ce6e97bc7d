"""Metadata of events that were fetched from an API, not received as a signed webhook."""

from collections.abc import Callable, Mapping
from datetime import datetime

from events.envelope import NewEvent

Json = Mapping[str, object]
Marks = Mapping[str, object]

# (the event, its exact text, metadata about its origin): the envelope that a webhook endpoint would append.
StripeEnvelope = Callable[[Json, str, Marks], NewEvent]
# As above, and the message id, which Clerk's webhooks carry in a header.
ClerkEnvelope = Callable[[Json, str, str, Marks], NewEvent]

IMPORT = "import"


def marks(at: datetime, **more: object) -> dict[str, object]:
    """The metadata of an event fetched at that instant."""
    metadata: dict[str, object] = {"received_by": IMPORT, "fetched_at": at.isoformat()}
    return metadata | {name: value for name, value in more.items() if value is not None}
