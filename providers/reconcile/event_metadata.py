"""What an event says of how it came: not by a webhook, so nobody signed it."""

from collections.abc import Callable, Mapping
from datetime import datetime

from events.envelope import NewEvent

Json = Mapping[str, object]
Marks = Mapping[str, object]

# (the event, its exact text, what metadata is to say of how it came): the envelope a door would file.
StripeEnvelope = Callable[[Json, str, Marks], NewEvent]
# As above, and the message id, which Clerk's webhooks carry in a header.
ClerkEnvelope = Callable[[Json, str, str, Marks], NewEvent]

IMPORT = "import"


def marks(at: datetime, **more: object) -> dict[str, object]:
    """The marks of an event that we fetched at that instant."""
    said: dict[str, object] = {"received_by": IMPORT, "fetched_at": at.isoformat()}
    return said | {name: value for name, value in more.items() if value is not None}
