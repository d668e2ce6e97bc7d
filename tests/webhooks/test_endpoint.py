"""After a signature is proven: always 2xx and always kept, unless the database is away."""

import json
from collections.abc import Callable, Iterator
from hashlib import sha256
from pathlib import Path
from typing import Any, NoReturn
from uuid import UUID

import psycopg
import pytest
from flask.testing import FlaskClient
from hypothesis import given, settings
from hypothesis import strategies as st
from psycopg_pool import ConnectionPool, PoolTimeout
from werkzeug.test import TestResponse

import webhooks.store
from database.pool import Pool, open_pool
from tests.captured_logs import own_lines
from tests.databases import Server
from tests.webhooks.conftest import Doors
from tests.webhooks.json_strategies import json_objects
from tests.webhooks.signing import (
    CLERK_OLD_SECRET,
    CLERK_SECRET,
    NOW_S,
    STRIPE_OLD_SECRET,
    STRIPE_SECRET,
    clerk_headers,
    stripe_headers,
)
from webhooks import Delivery
from webhooks.verification import MAX_BODY_BYTES, fingerprint

EVENT: dict[str, Any] = {
    "id": "evt_door_1",
    "object": "event",
    "created": 1_700_000_000,
    "type": "customer.created",
    "livemode": True,
    "data": {"object": {"id": "cus_door_1", "object": "customer", "email": "maria@example.org"}},
}


def as_bytes(event: object) -> bytes:
    return json.dumps(event, indent=1).encode()


def post_stripe(client: FlaskClient, body: bytes, **signing: Any) -> TestResponse:
    return client.post("/webhooks/stripe", data=body, headers=stripe_headers(body, **signing))


def post_clerk(client: FlaskClient, body: bytes, **signing: Any) -> TestResponse:
    signing.setdefault("msg_id", f"msg_{sha256(body).hexdigest()}")
    return client.post("/webhooks/clerk", data=body, headers=clerk_headers(body, **signing))


def answered(response: TestResponse) -> dict[str, Any]:
    assert response.status_code == 200, response.data
    body: dict[str, Any] = response.get_json()
    UUID(body["event_id"])
    return body


@pytest.fixture
def client(doors: Doors, pool: ConnectionPool[Any]) -> FlaskClient:
    """Both doors on real Postgres."""
    return doors(pool)


@pytest.fixture(scope="module")
def shared(server: Server, template: str) -> Iterator[Pool]:
    """One database for all the bodies that can't meet each other."""
    database = server.database(template)
    with open_pool(database.conninfo, application_name="test") as opened:
        yield opened
    database.drop()


def test_a_signed_event_is_appended_once(client: FlaskClient) -> None:
    first = answered(post_stripe(client, as_bytes(EVENT)))
    again = answered(post_stripe(client, as_bytes(EVENT), t=NOW_S + 60))

    assert first["status"] == "appended"
    assert again == {"status": "duplicate", "event_id": first["event_id"]}


def test_other_bytes_under_the_same_id_are_a_conflict(client: FlaskClient) -> None:
    first = answered(post_stripe(client, as_bytes(EVENT)))
    other = answered(post_stripe(client, as_bytes(EVENT | {"created": 1})))

    assert other == {"status": "conflict", "event_id": first["event_id"]}


def test_the_log_keeps_the_signed_bytes_and_who_signed(
    client: FlaskClient, conn: psycopg.Connection[Any]
) -> None:
    body = as_bytes(EVENT)
    event_id = answered(post_stripe(client, body, secret=STRIPE_OLD_SECRET))["event_id"]

    row = conn.execute(
        "SELECT event_data::text, metadata, event_type, route_key FROM events WHERE id = %s",
        [event_id],
    ).fetchone()

    assert row is not None
    text, metadata, event_type, route_key = row
    assert text.encode() == body
    assert (event_type, route_key) == ("stripe.customer.created", "cus_door_1")
    assert metadata["secret_index"] == 1
    assert metadata["secret_fingerprint"] == fingerprint(STRIPE_OLD_SECRET)
    assert metadata["signature"] == stripe_headers(body, secret=STRIPE_OLD_SECRET)["Stripe-Signature"]


def test_clerks_retry_is_a_duplicate_by_its_message_id(client: FlaskClient) -> None:
    body = as_bytes({"type": "user.created", "data": {"id": "user_door_1", "updated_at": 1}})

    first = answered(post_clerk(client, body, msg_id="msg_door_1"))
    retry = answered(post_clerk(client, body, msg_id="msg_door_1", t=NOW_S + 5, secret=CLERK_OLD_SECRET))
    other = answered(post_clerk(client, body, msg_id="msg_door_2"))

    assert (first["status"], retry["status"], other["status"]) == (
        "appended",
        "duplicate",
        "appended",
    )
    assert retry["event_id"] == first["event_id"]


UNREADABLE = {
    "empty": b"",
    "not utf-8": b"\xff\xfe{}",
    "array": b'[{"id":"evt_1"}]',
    "null": b"null",
    "text": b"hello",
    "NaN": b'{"id":"evt_1","created":NaN}',
    "raw NUL": b'{"id":"evt_1\x00"}',
    "cut off": b'{"id":"evt_1"',
    "byte order mark": b'\xef\xbb\xbf{"id":"evt_1"}',
    "huge number": b'{"id":"evt_1","created":' + b"9" * 5000 + b"}",
}
POSTS: list[Callable[..., TestResponse]] = [post_stripe, post_clerk]


@pytest.mark.parametrize("post", POSTS)
@pytest.mark.parametrize("body", UNREADABLE.values(), ids=UNREADABLE.keys())
def test_a_signed_body_that_is_no_event_is_kept(
    doors: Doors, shared: Pool, post: Callable[..., TestResponse], body: bytes
) -> None:
    client = doors(shared)

    first = answered(post(client, body))
    again = answered(post(client, body, t=NOW_S + 1))

    assert (first["status"], first["unreadable"]) == ("appended", True)
    assert again == first | {"status": "duplicate"}
    with shared.connection() as conn:
        query = "SELECT body FROM unreadable_deliveries WHERE id = %s"
        assert conn.execute(query, [first["event_id"]]).fetchone() == (body,)


def nested(depth: int) -> bytes:
    return b'{"id":"evt_deep_%d","a":' % depth + b"[" * depth + b"]" * depth + b"}"


STRANGE = {
    "empty object": b"{}",
    "everything null": b'{"id":null,"type":null,"data":null,"created":null,"livemode":null}',
    "everything a list": b'{"id":[],"type":[],"data":[],"created":[],"livemode":[]}',
    "NUL escapes": b'{"id":"evt_\\u0000","type":"a\\u0000b","data":{"object":{"id":"\\u0000"}}}',
    "lone surrogates": b'{"id":"evt_\\ud800","type":"\\udfff","request":{"id":"\\ud800"}}',
    "surrogates in metadata": b'{"id":"evt_s","account":"\\ud800","api_version":"\\u0000"}',
    "long id": b'{"id":"' + b"x" * 100_000 + b'"}',
    "long type": b'{"id":"evt_t","type":"' + b"y" * 100_000 + b'"}',
    "absurd time": b'{"id":"evt_time","created":253402300800}',
    "same name twice": b'{"id":"evt_a","id":"evt_b"}',
    "big": b'{"id":"evt_big","a":"' + b"z" * (MAX_BODY_BYTES - 23) + b'"}',
    "deep 100": nested(100),
    "deep 900": nested(900),
    "deep 5000": nested(5000),
    "deep 200000": nested(200_000),
}


@pytest.mark.parametrize("post", POSTS)
@pytest.mark.parametrize("body", STRANGE.values(), ids=STRANGE.keys())
def test_a_strange_but_signed_body_is_kept_somewhere(
    doors: Doors, shared: Pool, post: Callable[..., TestResponse], body: bytes
) -> None:
    client = doors(shared)

    first = answered(post(client, body))
    again = answered(post(client, body))

    assert first["status"] == "appended"
    assert again == first | {"status": "duplicate"}


@settings(max_examples=60)
@given(body=st.one_of(st.binary(max_size=200), json_objects().map(as_bytes)))
def test_any_signed_body_is_answered_200_and_known_again(client: FlaskClient, body: bytes) -> None:
    for post in POSTS:
        first = answered(post(client, body))
        assert answered(post(client, body))["event_id"] == first["event_id"]


@pytest.mark.parametrize(
    "refusal", [psycopg.errors.UntranslatableCharacter, psycopg.errors.StatementTooComplex]
)
def test_a_body_that_postgres_refuses_is_kept_as_bytes(
    client: FlaskClient, monkeypatch: pytest.MonkeyPatch, refusal: type[psycopg.Error]
) -> None:
    def refuse(*args: object) -> NoReturn:
        raise refusal("stack depth limit exceeded")

    monkeypatch.setattr(webhooks.store, "append_skipping_locked", refuse)

    assert answered(post_stripe(client, as_bytes(EVENT)))["unreadable"] is True


@pytest.mark.parametrize("body", [as_bytes(EVENT), b"null"])
def test_a_delivery_is_one_round_trip_and_leaves_the_connection_as_it_was(
    doors: Doors, conninfo: str, tmp_path: Path, body: bytes
) -> None:
    trace = tmp_path / "protocol"
    with ConnectionPool(conninfo, max_size=1, min_size=1) as single, trace.open("w") as written:
        with single.connection() as conn:
            conn.pgconn.trace(written.fileno())
        answered(post_stripe(doors(single), body))
        with single.connection() as conn:
            conn.pgconn.untrace()
            assert conn.autocommit is False

    assert trace.read_text().count("ReadyForQuery") == 1


def test_what_is_heard_of_a_delivery(client: FlaskClient, observed: list[Delivery]) -> None:
    body = as_bytes(EVENT)
    for sent in (body, body, as_bytes(EVENT | {"x": 1}), b"null"):
        post_stripe(client, sent, secret=STRIPE_SECRET)

    assert [delivery.outcome for delivery in observed] == [
        "appended",
        "duplicate",
        "conflict",
        "unreadable",
    ]
    assert {delivery.event_type for delivery in observed[:3]} == {"stripe.customer.created"}
    assert all(delivery.append_s is not None and delivery.append_s > 0 for delivery in observed)


def test_one_log_line_without_persons_or_secrets(client: FlaskClient) -> None:
    with own_lines() as lines:
        body = answered(post_stripe(client, as_bytes(EVENT)))

    (line,) = lines
    assert (line["outcome"], line["event_id"]) == ("appended", body["event_id"])
    assert line["event_type"] == "stripe.customer.created"
    for private in ("maria@example.org", "cus_door_1", STRIPE_SECRET, CLERK_SECRET, "v1="):
        assert private not in str(lines)


class AwayPool:
    """A database that fails in one way as soon as a connection is wanted."""

    def __init__(self, error: Exception) -> None:
        self.error = error

    def connection(self, timeout: float) -> NoReturn:
        raise self.error


@pytest.mark.parametrize("post", POSTS)
@pytest.mark.parametrize("body", [as_bytes(EVENT), b"null"])
@pytest.mark.parametrize(
    "error",
    [
        PoolTimeout("no connection"),
        psycopg.OperationalError("server closed the connection"),
        psycopg.InterfaceError("the connection is closed"),
        psycopg.errors.DiskFull("no space left"),
        psycopg.errors.UndefinedTable("not migrated"),
        psycopg.errors.ReadOnlySqlTransaction("standby"),
    ],
)
def test_a_database_that_is_away_is_503_and_try_again(
    doors: Doors,
    observed: list[Delivery],
    post: Callable[..., TestResponse],
    body: bytes,
    error: Exception,
) -> None:
    response = post(doors(AwayPool(error)), body)

    assert response.status_code == 503
    assert int(response.headers["Retry-After"]) > 0
    assert response.mimetype == "application/problem+json"
    assert (observed[-1].outcome, observed[-1].reason) == ("unavailable", type(error).__name__)


def test_an_unreachable_server_is_503(doors: Doors, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(webhooks.store, "POOL_TIMEOUT_S", 0.2)
    conninfo = "host=127.0.0.1 port=1 dbname=nowhere connect_timeout=1"
    with ConnectionPool(conninfo, min_size=1, open=True, reconnect_timeout=0.1) as nowhere:
        assert post_stripe(doors(nowhere), as_bytes(EVENT)).status_code == 503
