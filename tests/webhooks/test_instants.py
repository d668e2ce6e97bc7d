"""What a signed event may say about when it happened."""

import json
from datetime import datetime, timedelta
from typing import Any

import pytest
from flask.testing import FlaskClient
from psycopg_pool import ConnectionPool

from database.pool import Connection
from events.clock import EPOCH, micros
from tests.webhooks.conftest import Doors
from tests.webhooks.signing import NOW, clerk_headers, stripe_headers
from webhooks.instants import CLAIMED, MAX_AHEAD

HOUR = timedelta(hours=1)


@pytest.fixture
def client(doors: Doors, pool: ConnectionPool[Connection]) -> FlaskClient:
    return doors(pool)


def stripe(client: FlaskClient, **envelope: Any) -> int:
    event = {"id": "evt_1", "object": "event", "type": "x", "data": {"object": {}}} | envelope
    body = json.dumps(event).encode()
    return client.post("/webhooks/stripe", data=body, headers=stripe_headers(body)).status_code


def filed(conn: Connection) -> tuple[datetime, str | None]:
    """(instant, the claimed one in the metadata) of the only event."""
    (row,) = conn.execute("SELECT occurred_at, metadata->>%s FROM events", [CLAIMED]).fetchall()
    return row[0], row[1]


@pytest.mark.parametrize(
    ("created", "at"),
    [
        ("9999-12-31T23:59:59.999999Z", NOW + MAX_AHEAD),
        (int((NOW + 30 * 24 * HOUR).timestamp()), NOW + MAX_AHEAD),
        (int((NOW + HOUR).timestamp()), NOW + HOUR),
        (int((NOW - 24 * HOUR).timestamp()), NOW - 24 * HOUR),
        (0, EPOCH),
        ("0001-01-01T00:00:00Z", EPOCH),
        (-(10**15), EPOCH),
    ],
)
def test_an_instant_is_bounded_by_the_delivery(
    client: FlaskClient, conn: Connection, created: int | str, at: datetime
) -> None:
    assert stripe(client, created=created) == 200

    assert filed(conn)[0] == at


def test_a_bounded_instant_is_kept_as_it_was_claimed(client: FlaskClient, conn: Connection) -> None:
    stripe(client, created="9999-12-31T23:59:59.999999Z")

    assert filed(conn)[1] == "9999-12-31T23:59:59.999999+00:00"


def test_an_instant_within_bounds_has_no_other_claimed(client: FlaskClient, conn: Connection) -> None:
    stripe(client, created=int(NOW.timestamp()))

    assert filed(conn) == (NOW, None)


def test_a_test_clock_may_be_years_ahead(client: FlaskClient, conn: Connection) -> None:
    ahead = NOW + timedelta(days=700)
    simulated = {"object": {"id": "sub_1", "object": "subscription", "test_clock": "clock_1"}}

    stripe(client, created=int(ahead.timestamp()), livemode=False, data=simulated)

    assert filed(conn) == (ahead, None)


def test_clerks_instants_are_bounded_too(client: FlaskClient, conn: Connection) -> None:
    user = {"id": "user_1", "object": "user", "updated_at": micros(NOW + 300 * HOUR) // 1000}
    body = json.dumps({"type": "user.updated", "object": "event", "data": user}).encode()

    assert client.post("/webhooks/clerk", data=body, headers=clerk_headers(body)).status_code == 200

    assert filed(conn)[0] == NOW + MAX_AHEAD
