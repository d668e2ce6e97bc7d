"""Other services are told what they asked for: signed, at least once, until it is hopeless."""

import json
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any
from uuid import UUID

import psycopg
import pytest
from standardwebhooks import Webhook

from events.clock import utc_now
from events.statements import AnyConnection
from jobs import JobRunner
from outbound.webhooks import deliver as delivering
from outbound.webhooks import destinations, ssrf_guard
from outbound.webhooks.deliver import deliver_job, sender
from outbound.webhooks.enqueue import JOB, MAX_RETRIES, follow
from outbound.webhooks.errors import BadDestination, DestinationUnknown, WebhookNotDelivered
from outbound.webhooks.ssrf_guard import GuardedBackend
from queries.log_tail import START
from tests.api.test_stream import tell
from tests.providers.shop import service

URL = "https://hooks.example.com/tenure"


@dataclass
class Receiver:
    """Another service; it answers what it is told to."""

    statuses: list[int] = field(default_factory=list)
    got: list[tuple[dict[str, str], bytes]] = field(default_factory=list)
    url: str = ""
    location: str | None = None

    def keys(self) -> list[str]:
        return [json.loads(body)["data"]["idempotency_key"] for _, body in self.got]


@contextmanager
def listening(receiver: Receiver) -> Iterator[Receiver]:
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            receiver.got.append(({k.lower(): v for k, v in self.headers.items()}, body))
            self.send_response_only(receiver.statuses.pop(0) if receiver.statuses else 204)
            if receiver.location is not None:
                self.send_header("Location", receiver.location)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    receiver.url = f"http://127.0.0.1:{server.server_port}/hook"
    try:
        yield receiver
    finally:
        server.shutdown()
        server.server_close()


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with listening(Receiver()) as listener:
        yield listener


@pytest.fixture
def shop(conninfo: str) -> Iterator[AnyConnection]:
    with service(conninfo) as opened:
        yield opened


class Clock:
    """The real time, until it is moved: signatures are checked against the machine's clock."""

    def __init__(self) -> None:
        self.ahead = timedelta(0)

    def __call__(self) -> datetime:
        return utc_now() + self.ahead


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def deliver(conninfo: str, receiver: Receiver, clock: Clock) -> Callable[[], int]:
    """Does every job that is due; the network leads to the receiver whatever the URL."""
    real = sender(GuardedBackend(allowed=lambda _: True))
    job = deliver_job(lambda _url, headers, body: real(receiver.url, headers, body))

    def drain() -> int:
        with service(conninfo) as conn:
            follow(conn, now=clock())
        return JobRunner(
            lambda: service_connection(conninfo), {JOB: job}, clock=clock, chance=lambda: 0.5
        ).drain()

    return drain


def service_connection(conninfo: str) -> AnyConnection:
    return psycopg.connect(conninfo, autocommit=True, options="-c role=tenure_app")


def subscribe(conn: AnyConnection, *types: str, **options: Any) -> tuple[UUID, str]:  # Any: subscribe's own
    destination, secret = destinations.subscribe(
        conn, URL, event_types=types or ("*",), now=utc_now(), **options
    )
    return destination.id, secret


def jobs(conn: AnyConnection) -> list[tuple[str, int]]:
    return conn.execute("SELECT status, retry_count FROM background_jobs ORDER BY created_at, id").fetchall()


def test_what_was_asked_for_comes_signed(
    shop: AnyConnection, conn: AnyConnection, receiver: Receiver, deliver: Callable[[], int]
) -> None:
    _, secret = subscribe(shop, "stripe.invoice.*")
    tell(conn, 1, kind="clerk.user.created")
    matching = tell(conn, 2)

    deliver()

    assert receiver.keys() == [matching]
    headers, body = receiver.got[0]
    message = Webhook(secret).verify(body, headers)
    assert message["type"] == "stripe.invoice.paid"
    assert message["data"]["id"] == headers["webhook-id"]
    assert "event_data" not in message["data"]


def test_bodies_only_where_they_are_asked_for(
    shop: AnyConnection, conn: AnyConnection, receiver: Receiver, deliver: Callable[[], int]
) -> None:
    subscribe(shop, include_data=True)
    tell(conn, 5)

    deliver()

    assert json.loads(receiver.got[0][1])["data"]["event_data"] == {"number": 5}


def test_only_from_now_on_unless_the_whole_log_is_wanted(
    shop: AnyConnection, conn: AnyConnection, receiver: Receiver, deliver: Callable[[], int]
) -> None:
    before = [tell(conn, number) for number in range(3)]
    subscribe(shop)
    deliver()
    nothing = receiver.keys()

    subscribe(shop, from_start=True)
    deliver()

    assert nothing == []
    assert sorted(receiver.keys()) == before


def test_each_event_is_queued_once_however_often_the_log_is_followed(
    shop: AnyConnection, conn: AnyConnection, receiver: Receiver, deliver: Callable[[], int]
) -> None:
    destination_id, _ = subscribe(shop)
    sent = [tell(conn, number) for number in range(250)]
    deliver()
    shop.execute(
        "UPDATE outgoing_destinations SET followed_to = %s WHERE id = %s", (list(START), destination_id)
    )

    deliver()

    assert sorted(receiver.keys()) == sorted(sent)


def test_a_failure_is_tried_again_under_the_same_id(
    shop: AnyConnection, conn: AnyConnection, receiver: Receiver, deliver: Callable[[], int], clock: Clock
) -> None:
    subscribe(shop)
    tell(conn, 1)
    receiver.statuses = [500, 503]
    for _ in range(3):
        deliver()
        clock.ahead += timedelta(hours=1)

    assert jobs(shop) == [("completed", 2)]
    assert len({headers["webhook-id"] for headers, _ in receiver.got}) == 1
    assert len({body for _, body in receiver.got}) == 1


def test_what_nobody_takes_is_dead_in_the_end(
    shop: AnyConnection, conn: AnyConnection, receiver: Receiver, deliver: Callable[[], int], clock: Clock
) -> None:
    subscribe(shop)
    tell(conn, 1)
    receiver.statuses = [500] * 100
    for _ in range(MAX_RETRIES + 3):
        deliver()
        clock.ahead += timedelta(hours=2)

    assert jobs(shop)[0][0] == "dead"
    assert len(receiver.got) == MAX_RETRIES + 1


def test_a_redirect_is_not_followed(
    shop: AnyConnection, conn: AnyConnection, receiver: Receiver, deliver: Callable[[], int]
) -> None:
    subscribe(shop)
    tell(conn, 1)
    with listening(Receiver()) as elsewhere:
        receiver.statuses, receiver.location = [307], elsewhere.url

        deliver()

        assert elsewhere.got == []
    assert jobs(shop) == [("failed", 1)]


def test_410_ends_the_subscription(
    shop: AnyConnection, conn: AnyConnection, receiver: Receiver, deliver: Callable[[], int]
) -> None:
    subscribe(shop)
    tell(conn, 1)
    receiver.statuses = [410]
    deliver()
    tell(conn, 2)

    deliver()

    assert len(receiver.got) == 1
    assert destinations.all_destinations(shop)[0].disabled_reason == "the receiver answered 410 Gone"


def test_what_came_while_it_was_disabled_comes_after(
    shop: AnyConnection, conn: AnyConnection, receiver: Receiver, deliver: Callable[[], int]
) -> None:
    destination_id, _ = subscribe(shop)
    destinations.disable(shop, destination_id, now=utc_now(), reason="maintenance")
    sent = tell(conn, 1)
    deliver()
    quiet = list(receiver.got)

    destinations.enable(shop, destination_id)
    deliver()

    assert (quiet, receiver.keys()) == ([], [sent])


def test_both_secrets_sign_while_one_is_rotated(
    shop: AnyConnection, conn: AnyConnection, receiver: Receiver, deliver: Callable[[], int]
) -> None:
    destination_id, old = subscribe(shop)
    new = destinations.rotate(shop, destination_id, now=utc_now())
    tell(conn, 1)

    deliver()

    headers, body = receiver.got[0]
    for secret in (old, new):
        Webhook(secret).verify(body, headers)
    assert destinations.secrets(shop, destination_id, now=utc_now() + timedelta(hours=25)) == [new]


def test_rotating_twice_does_not_prolong_the_first(shop: AnyConnection) -> None:
    destination_id, first = subscribe(shop)
    destinations.rotate(shop, destination_id, now=utc_now(), overlap=timedelta(hours=1))

    destinations.rotate(shop, destination_id, now=utc_now(), overlap=timedelta(hours=24))

    assert first not in destinations.secrets(shop, destination_id, now=utc_now() + timedelta(hours=2))


def test_a_name_that_leads_inside_gets_nothing(
    shop: AnyConnection, conn: AnyConnection, conninfo: str, receiver: Receiver
) -> None:
    subscribe(shop)
    tell(conn, 1)
    follow(shop, now=utc_now())
    guarded = sender(GuardedBackend(resolve=lambda *_: ["127.0.0.1"]))
    job = deliver_job(lambda _url, headers, body: guarded(receiver.url, headers, body))

    JobRunner(lambda: service_connection(conninfo), {JOB: job}, clock=utc_now).drain()

    error = shop.execute("SELECT error FROM background_jobs").fetchone()
    assert receiver.got == []
    assert error is not None
    assert "expected a public address" in error[0]


def test_who_answers_a_byte_at_a_time_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ssrf_guard, "WHOLE_S", 0.5)
    monkeypatch.setattr(delivering, "TIMEOUT_S", 0.4)
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def drip() -> None:
            opened, _ = listener.accept()
            with opened:
                try:
                    for byte in b"HTTP/1.1 200 OK\r\nX-Long: " + b"a" * 1_000:
                        opened.send(bytes([byte]))
                        opened.settimeout(0.2)
                        try:
                            opened.recv(1)
                        except TimeoutError:
                            continue
                except OSError:
                    return

        Thread(target=drip, daemon=True).start()
        send = sender(GuardedBackend(allowed=lambda _: True))

        with pytest.raises(WebhookNotDelivered, match="Timeout"):
            send(f"http://127.0.0.1:{listener.getsockname()[1]}/", {}, b"{}")


def test_a_removed_destination_gives_up_what_waits(
    shop: AnyConnection, conn: AnyConnection, receiver: Receiver, deliver: Callable[[], int]
) -> None:
    destination_id, _ = subscribe(shop)
    tell(conn, 1)
    follow(shop, now=utc_now())
    destinations.remove(shop, destination_id)

    deliver()

    assert (receiver.got, jobs(shop)) == ([], [("cancelled", 0)])
    with pytest.raises(DestinationUnknown):
        destinations.rotate(shop, destination_id, now=utc_now())


def test_types_are_words_and_auditors_see_no_secret(shop: AnyConnection, conn: AnyConnection) -> None:
    with pytest.raises(BadDestination):
        subscribe(shop, "stripe.%")
    privilege = conn.execute(
        "SELECT has_table_privilege('tenure_auditor', 'outgoing_secrets', 'SELECT')"
    ).fetchone()

    assert privilege == (False,)
