"""Against localstripe, somebody else's idea of Stripe, in a process of its own.

It is partial (no prices, no trials) and lists events oldest first. `localstripe` is GPL and no
dependency: `make test` puts it into an environment of its own, where these find it, or on PATH.
"""

import json
import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import httpx
import pytest

from events.append import append_all
from events.clock import utc_now
from events.envelope import NewEvent
from events.statements import AnyConnection
from providers.reconcile.catch_up import catch_up
from providers.reconcile.rate_limit import RateLimit
from providers.reconcile.stripe_api import StripeApi
from service.unsigned_events import fetched_stripe_event
from tests.outbound.webhooks.test_destinations import Receiver, listening
from tests.providers.shop import service
from webhooks.stripe.envelope import stripe_event
from webhooks.verification import Secret, Verified

KEY = "sk_test_12345"
COMMAND = shutil.which("localstripe", path=f"{Path(sys.prefix)}/localstripe/bin:{os.environ['PATH']}")

pytestmark = pytest.mark.skipif(
    COMMAND is None, reason="no localstripe, neither from `make test` nor on PATH"
)


@pytest.fixture
def localstripe(tmp_path: Path) -> Iterator[httpx.Client]:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    assert COMMAND is not None
    process = subprocess.Popen(
        [COMMAND, "--port", str(port), "--from-scratch"],
        cwd=tmp_path,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        with httpx.Client(base_url=f"http://127.0.0.1:{port}", auth=(KEY, "")) as client:
            _until_it_answers(client)
            yield client
    finally:
        process.kill()
        process.wait()


def _until_it_answers(client: httpx.Client) -> None:
    for _ in range(200):
        try:
            if client.get("/v1/customers").is_success:
                return
        except httpx.TransportError:
            pass
        time.sleep(0.05)
    pytest.fail("localstripe did not answer within ten seconds")


@pytest.fixture
def shop(conninfo: str) -> Iterator[AnyConnection]:
    with service(conninfo) as opened:
        yield opened


def buy(client: httpx.Client, number: int) -> None:
    """A customer with a card."""
    card = {
        "object": "card",
        "number": "4242424242424242",
        "exp_month": "12",
        "exp_year": "2040",
        "cvc": "123",
    }
    token = client.post("/v1/tokens", data={f"card[{k}]": v for k, v in card.items() if k != "object"})
    token.raise_for_status()
    response = client.post(
        "/v1/customers", data={"email": f"{number}@example.com", "source": token.json()["id"]}
    )
    response.raise_for_status()


def api(client: httpx.Client) -> StripeApi:
    base = str(client.base_url).rstrip("/")
    return StripeApi(KEY, base=base, clock=utc_now, pace=RateLimit(1_000))


def run(conn: AnyConnection, client: httpx.Client) -> int:
    return catch_up(conn, api(client), envelope=fetched_stripe_event, clock=utc_now).appended


def test_its_events_are_caught_up_once(shop: AnyConnection, localstripe: httpx.Client) -> None:
    for number in range(60):
        buy(localstripe, number)
    listed = localstripe.get("/v1/events", params={"limit": 100}).json()

    first, second = run(shop, localstripe), run(shop, localstripe)
    buy(localstripe, 61)

    assert first > 100
    assert listed["has_more"] is True
    assert second == 0
    assert run(shop, localstripe) >= 1


def test_its_deliveries_and_its_events_are_the_same(shop: AnyConnection, localstripe: httpx.Client) -> None:
    with listening(Receiver()) as receiver:
        hook = {"url": receiver.url, "secret": "whsec_localstripe"}
        localstripe.post("/_config/webhooks/tenure", data=hook).raise_for_status()
        buy(localstripe, 1)
        for _ in range(100):
            if len(receiver.got) >= localstripe.get("/v1/events").json()["total_count"]:
                break
            time.sleep(0.05)

    with shop.transaction():
        append_all(shop, [_received(body) for _, body in receiver.got])

    assert len(receiver.got) > 0
    assert run(shop, localstripe) == 0


def _received(body: bytes) -> NewEvent:
    verified = Verified(Secret(0, "f" * 12, b""), datetime.now(UTC), "signed")
    return stripe_event(json.loads(body), body.decode(), verified)
