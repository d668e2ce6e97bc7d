"""One webhook as the provider sends it, before it is signed."""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Literal

import orjson

from demo.changes import Json

Provider = Literal["stripe", "clerk"]


@dataclass(frozen=True)
class DemoDelivery:
    """A provider's event. `message_id` is Stripe's event id, or the svix-id of Clerk's message."""

    provider: Provider
    message_id: str
    event_type: str
    occurred_at: datetime
    body: bytes
    event: Json


def stripe_delivery(event: Json) -> DemoDelivery:
    """A Stripe event as Stripe writes it: UTF-8, indented by two spaces."""
    created = event["created"]
    occurred_at = (
        datetime.fromisoformat(created) if isinstance(created, str) else datetime.fromtimestamp(created, UTC)
    )
    body = orjson.dumps(event, option=orjson.OPT_INDENT_2)
    return DemoDelivery("stripe", event["id"], event["type"], occurred_at, body, event)


def clerk_delivery(event: Json, *, message_id: str, occurred_ms: int) -> DemoDelivery:
    """A Clerk event as Svix sends it: compact JSON."""
    occurred_at = datetime.fromtimestamp(occurred_ms / 1_000, UTC)
    return DemoDelivery("clerk", message_id, event["type"], occurred_at, orjson.dumps(event), event)
