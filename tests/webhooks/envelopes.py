"""What every envelope has to keep, whatever JSON it came from."""

import json
from datetime import UTC

from events.clock import EPOCH
from events.envelope import NewEvent
from events.routing import part_of


def assert_storable(event: NewEvent) -> None:
    """What Postgres' text columns, indexes and jsonb can hold."""
    texts = [event.idempotency_key, event.route_key, event.aggregate_id, event.aggregate_type]
    texts += [event.event_type, event.correlation_id or "x"]
    assert all(0 < len(text.encode()) <= 1000 and "\x00" not in text for text in texts)
    assert "\\u0000" not in json.dumps(dict(event.metadata))
    json.dumps(dict(event.metadata), ensure_ascii=False).encode()
    assert event.occurred_at.tzinfo is UTC
    assert event.occurred_at >= EPOCH
    assert 0 <= part_of(event.route_key) < 64
