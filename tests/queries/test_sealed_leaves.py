"""The texts that are sealed, as PostgreSQL prints them; docs/proofs.md is their specification."""

from datetime import datetime, timedelta, timezone
from hashlib import sha256

from database.pool import Connection
from events.append import append
from events.envelope import NewEvent
from events.seals.leaf import LEAF_COLUMNS
from queries.sealed_leaves import leaf_texts_after, row_at

KATHMANDU = timezone(timedelta(hours=5, minutes=45))


def test_an_event_is_sealed_as_documented(conn: Connection) -> None:
    event = NewEvent(
        source_system="stripe",
        idempotency_key="evt_1",
        route_key="cus_1",
        aggregate_type="stripe_customer",
        aggregate_id="cus_1",
        event_type="stripe.customer.updated",
        payload='{"id":"evt_1"}',
        occurred_at=datetime(2026, 3, 3, 15, 11, 0, 1, tzinfo=KATHMANDU),
        metadata={"né": 1},
        causation_id="",
    )
    appended = append(conn, event)

    row = row_at(conn, appended.part, 1)
    assert row is not None
    assert leaf_texts_after(conn, appended.part, 0, limit=9) == [row.texts]
    recorded_us = (appended.recorded_at - datetime.fromtimestamp(0, KATHMANDU)) // timedelta(microseconds=1)
    assert row.salt is not None
    assert dict(zip(LEAF_COLUMNS, row.texts, strict=True)) == {
        "part": str(appended.part),
        "position": "1",
        "id": str(appended.id),
        "source_system": "stripe",
        "idempotency_key": "evt_1",
        "livemode": "true",
        "route_key": "cus_1",
        "aggregate_type": "stripe_customer",
        "aggregate_id": "cus_1",
        "event_type": "stripe.customer.updated",
        "event_version": "1",
        "metadata": '{"né": 1}',
        "correlation_id": None,
        "causation_id": "",
        "occurred_at": "1772529960000001",
        "recorded_at": str(recorded_us),
        "payload_digest": sha256(row.salt + b'{"id":"evt_1"}').hexdigest(),
    }
