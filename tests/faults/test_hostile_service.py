"""The real server under people who mean harm: slow, silent, malformed; the doors stay open."""

import http.client
import socket
import time
from collections.abc import Iterator
from contextlib import closing, suppress
from datetime import UTC, datetime

import pytest

from cli.demo.bulk import bulk_events
from cli.demo.signing import sign_stripe
from tests.faults.house import STRIPE_SECRET, House, house

MANY = 64
SOON_S = 2.0  # an honest delivery is answered within this, also on a busy test machine


@pytest.fixture(scope="module")
def service() -> Iterator[House]:
    with house() as running:
        yield running


def deliver(service: House, number: int) -> float:
    """Seconds until a signed event was acked."""
    event = next(bulk_events(1, seed=number))
    headers = sign_stripe(event.body, secret=STRIPE_SECRET, at=datetime.now(UTC))
    began = time.monotonic()
    with closing(http.client.HTTPConnection("127.0.0.1", service.port, timeout=10)) as line:
        line.request("POST", "/webhooks/stripe", event.body, headers)
        answer = line.getresponse()
        assert answer.status == 200, answer.read()
    return time.monotonic() - began


def connected(service: House, *, sending: bytes = b"") -> socket.socket:
    sock = socket.create_connection(("127.0.0.1", service.port), timeout=10)
    sock.sendall(sending)
    return sock


def said(service: House, request: bytes) -> bytes:
    """The first line of what the server answers, empty when it hangs up."""
    with connected(service, sending=request) as sock:
        try:
            return sock.recv(4096).split(b"\r\n")[0]
        except (ConnectionResetError, TimeoutError):
            return b""


SLOW = {
    "silent": b"",
    "half a line": b"POST /webho",
    "half the headers": b"POST /webhooks/stripe HTTP/1.1\r\nHost: x\r\nX-A: ",
    "half the body": b"POST /webhooks/stripe HTTP/1.1\r\nHost: x\r\nContent-Length: 3000\r\n\r\n{",
    "half a chunk": b"POST /webhooks/stripe HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n{",
    "slow page": b"GET /api/users HTTP/1.1\r\nHost: x\r\n",
}


@pytest.mark.parametrize("sent", SLOW.values(), ids=SLOW.keys())
def test_slow_clients_leave_the_door_open(service: House, sent: bytes) -> None:
    slow = [connected(service, sending=sent) for _ in range(MANY)]
    try:
        took_s = max(deliver(service, number) for number in range(3))
    finally:
        for sock in slow:
            sock.close()

    assert took_s < SOON_S


def test_slowloris_leaves_the_door_open(service: House) -> None:
    slow = [connected(service, sending=b"POST /webhooks/stripe HTTP/1.1\r\nHost: x\r\n") for _ in range(MANY)]
    took = []
    for round_ in range(10):
        for sock in slow:
            with suppress(OSError):
                sock.sendall(b"X-%d: a\r\n" % round_)
        took.append(deliver(service, 100 + round_))
    for sock in slow:
        sock.close()

    assert max(took) < SOON_S


MALFORMED = {
    "no host": b"POST /webhooks/stripe HTTP/1.1\r\nContent-Length: 0\r\n\r\n",
    "two lengths": b"POST /webhooks/stripe HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\n"
    b"Content-Length: 2\r\n\r\nab",
    "length and chunks": b"POST /webhooks/stripe HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n"
    b"Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    "negative length": b"POST /webhooks/stripe HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n",
    "bad chunk": b"POST /webhooks/stripe HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n\r\n",
    "endless line": b"POST /" + b"a" * 20_000 + b" HTTP/1.1\r\n\r\n",
    "many headers": b"POST / HTTP/1.1\r\n" + b"".join(b"X-%d: a\r\n" % n for n in range(500)) + b"\r\n",
    "NUL in a header": b"POST /webhooks/stripe HTTP/1.1\r\nHost: x\r\nStripe-Signature: a\x00b\r\n\r\n",
    "folded header": b"POST /webhooks/stripe HTTP/1.1\r\nHost: x\r\nX-A: b\r\n Stripe-Signature: t=1\r\n\r\n",
    "split answer": b"GET /console/%0d%0aSet-Cookie:%20a=b HTTP/1.1\r\nHost: x\r\n\r\n",
    "split by request id": b"GET /healthz HTTP/1.1\r\nHost: x\r\nX-Request-Id: a\rSet-Cookie: b=c\r\n\r\n",
    "up the path": b"GET /console/static/../../../../etc/passwd HTTP/1.1\r\nHost: x\r\n\r\n",
    "up the path, hidden": b"GET /console/static/%2e%2e/%2e%2e/settings.py HTTP/1.1\r\nHost: x\r\n\r\n",
    "another's address": b"GET http://127.0.0.1:5432/ HTTP/1.1\r\nHost: x\r\n\r\n",
    "no HTTP": b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
}


@pytest.mark.parametrize("sent", MALFORMED.values(), ids=MALFORMED.keys())
def test_what_is_no_request_is_refused_or_dropped(service: House, sent: bytes) -> None:
    with connected(service, sending=sent) as sock:
        sock.shutdown(socket.SHUT_WR)
        answer = b""
        with suppress(OSError):
            while more := sock.recv(65536):
                answer += more

    assert answer == b"" or answer.split(b" ", 2)[1][:1] in {b"2", b"3", b"4"}
    assert b"Traceback" not in answer
    assert b"Set-Cookie: a" not in answer
    assert b"Set-Cookie: b" not in answer
    assert b"root:" not in answer
    assert deliver(service, hash(sent) % 10_000 + 1000) < SOON_S


def test_a_body_too_large_is_refused_before_it_is_sent(service: House) -> None:
    head = b"POST /webhooks/stripe HTTP/1.1\r\nHost: x\r\nContent-Length: 1048577\r\n\r\n"

    assert said(service, head).startswith(b"HTTP/1.1 413")
