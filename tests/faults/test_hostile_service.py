"""The real server under people who mean harm: slow, silent, malformed; the doors stay open."""

import http.client
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from datetime import UTC, datetime

import psycopg
import pytest

from demo.bulk import bulk_events
from demo.signing import sign_stripe
from tests.faults.service import STRIPE_SECRET, House, house

MANY = 64
TRIES = 5
PATIENCE_S = 30.0


@pytest.fixture(scope="module")
def service() -> Iterator[House]:
    with house() as running:
        yield running


def deliver(service: House, number: int) -> None:
    """A signed event is acked."""
    event = next(bulk_events(1, seed=number))
    headers = sign_stripe(event.body, secret=STRIPE_SECRET, at=datetime.now(UTC))
    with closing(http.client.HTTPConnection("127.0.0.1", service.port, timeout=PATIENCE_S)) as line:
        line.request("POST", "/webhooks/stripe", event.body, headers)
        answer = line.getresponse()
        assert answer.status == 200, answer.read()


def connected(service: House, *, sending: bytes = b"") -> socket.socket:
    sock = socket.create_connection(("127.0.0.1", service.port), timeout=PATIENCE_S)
    sock.sendall(sending)
    return sock


def response_to(service: House, request: bytes) -> bytes:
    """The first line of what the server answers, empty when it hangs up."""
    with connected(service, sending=request) as sock:
        try:
            return sock.recv(4096).split(b"\r\n")[0]
        except (ConnectionResetError, TimeoutError):
            return b""


@contextmanager
def crowd(service: House, sent: bytes) -> Iterator[list[socket.socket]]:
    """Many clients that sent that and stay."""
    clients = [connected(service) for _ in range(MANY)]
    try:
        for client in clients:
            with suppress(OSError):  # refused before its end
                client.sendall(sent)
        yield clients
    finally:
        for client in clients:
            client.close()


def beside(
    service: House, sent: bytes, ask: Callable[[list[socket.socket]], None], *, all_stay: bool = False
) -> bool:
    """Whether who asks is answered while the server still waits for one that came before this crowd,
    or where `all_stay` for every one of the crowd.

    A busy machine may be slower than the server is patient, so it has a few tries; where the crowd
    holds what it takes to answer, none of them succeeds.
    """
    for _ in range(TRIES):
        with connected(service, sending=b"POST /webho") as first, crowd(service, sent) as clients:
            ask(clients)
            if all(map(waited_for, clients if all_stay else [first])):
                return True
    return False


def waited_for(sock: socket.socket) -> bool:
    """Whether the server neither answered nor hung up."""
    sock.setblocking(False)
    try:
        sock.recv(1)
    except BlockingIOError:
        return True
    except OSError:
        return False
    return False


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
    assert beside(service, sent, lambda _: deliver(service, 1), all_stay=True)


def test_slowloris_leaves_the_door_open(service: House) -> None:
    def trickle(slow: list[socket.socket]) -> None:
        for round_ in range(10):
            for sock in slow:
                with suppress(OSError):
                    sock.sendall(b"X-%d: a\r\n" % round_)
            deliver(service, 100 + round_)

    assert beside(service, b"POST /webhooks/stripe HTTP/1.1\r\nHost: x\r\n", trickle, all_stay=True)


@pytest.mark.parametrize("version", [b"1.0", b"1.1"])
def test_clients_that_do_not_hang_up_leave_the_door_open(service: House, version: bytes) -> None:
    """We say the last word, and they stay on the line."""
    request = b"GET /healthz HTTP/%s\r\nHost: x\r\nConnection: close\r\n\r\n" % version

    def ask(staying: list[socket.socket]) -> None:
        deliver(service, 200)
        assert all(sock.recv(4096).split(b" ")[1] == b"200" for sock in staying)

    assert beside(service, request, ask)


def signed(number: int, *, path: bytes = b"/webhooks/stripe", more: bytes = b"") -> bytes:
    """A whole signed delivery."""
    body = b'{"id":"evt_form_%d","object":"event","type":"customer.created","note":"%s"}' % (
        number,
        b"x" * 3000,
    )
    headers = sign_stripe(body, secret=STRIPE_SECRET, at=datetime.now(UTC))
    header_lines = b"".join(f"{name}: {value}\r\n".encode() for name, value in headers.items())
    length = b"Content-Length: %d\r\n" % len(body)
    return b"POST %s HTTP/1.1\r\nHost: x\r\n%s%s%s\r\n%s" % (path, header_lines, more, length, body)


def chunked(request: bytes) -> bytes:
    """The same body in two pieces."""
    head, _, body = request.partition(b"\r\n\r\n")
    head = b"\r\n".join(line for line in head.split(b"\r\n") if not line.startswith(b"Content-Length"))
    pieces = b"".join(b"%x\r\n%s\r\n" % (len(part), part) for part in (body[:100], body[100:]))
    return head + b"\r\nTransfer-Encoding: chunked\r\n\r\n" + pieces + b"0\r\n\r\n"


def appended(sock: socket.socket, many: int) -> bool:
    """Whether that many deliveries are acked as new before the server hangs up."""
    answer = b""
    while answer.count(b'"status":"appended"') < many and (more := sock.recv(65536)):
        answer += more
    return answer.count(b'"status":"appended"') == many


# Signed when they are sent: a signature is good for five minutes, and a suite may take longer.
FORMS: dict[str, Callable[[], bytes]] = {
    "plain": lambda: signed(301),
    "two at once": lambda: signed(302) + signed(303),
    "and a page behind it": lambda: signed(304) + b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n",
    "in chunks": lambda: chunked(signed(305)),
    "with a query": lambda: signed(306, path=b"/webhooks/stripe?from=stripe"),
    "expecting": lambda: signed(307, more=b"Expect: 100-continue\r\n"),
    "and goes": lambda: signed(308, more=b"Connection: close\r\n"),
    "old": lambda: signed(309).replace(b"HTTP/1.1", b"HTTP/1.0", 1),
}


@pytest.mark.parametrize("form", FORMS.values(), ids=FORMS.keys())
def test_a_delivery_in_any_form_of_http_is_acked(service: House, form: Callable[[], bytes]) -> None:
    sent = form()
    many = sent.count(b"Stripe-Signature")
    with connected(service, sending=sent) as sock:
        assert appended(sock, many)


def test_a_connection_is_as_good_as_new_after_each_form(service: House) -> None:
    with connected(service) as sock:
        for number in range(310, 320):
            sock.sendall(signed(number) if number % 2 else chunked(signed(number)))
            assert appended(sock, 1)


@pytest.mark.parametrize("size", [7, 1000])
def test_a_delivery_in_pieces_is_acked(service: House, size: int) -> None:
    sent = signed(500 + size)
    with connected(service) as sock:
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for at in range(0, len(sent), size):
            sock.sendall(sent[at : at + size])
        assert appended(sock, 1)


def test_deliveries_that_wait_at_the_same_time_share_a_transaction(service: House) -> None:
    lines = [connected(service) for _ in range(MANY)]
    for number, line in enumerate(lines):
        line.sendall(signed(600 + number))
    acked = [appended(line, 1) for line in lines]
    for line in lines:
        line.close()
    with psycopg.connect(service.conninfo) as conn:
        row = conn.execute(
            "SELECT count(*), count(DISTINCT xmin::text) FROM"
            " (SELECT xmin FROM events ORDER BY recorded_at DESC LIMIT %s) AS latest",
            (MANY,),
        ).fetchone()

    assert all(acked)
    assert row is not None
    assert row[0] == MANY
    assert row[1] < MANY


MALFORMED = {
    "no host": b"POST /webhooks/stripe HTTP/1.1\r\nContent-Length: 0\r\n\r\n",
    "two lengths": b"POST /webhooks/stripe HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\n"
    b"Content-Length: 2\r\n\r\nab",
    "length and chunks": b"POST /webhooks/stripe HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n"
    b"Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    "negative length": b"POST /webhooks/stripe HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n",
    "bad chunk": b"POST /webhooks/stripe HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n\r\n",
    **{
        f"{wrong} at {path.decode()}": b"POST %s HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
        b"Transfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n%s" % (path, end)
        for path in (b"/webhooks/stripe", b"/api/campaigns", b"/console/login")
        for wrong, end in {
            "bad second chunk": b"zz\r\n\r\n",
            "odd extension": b"2;a b c\r\nab\r\n0\r\n\r\n",
            "odd trailer": b"0\r\nX A: b\r\n\r\n",
            "chunk without an end": b"2\r\nabc\r\n0\r\n\r\n",
        }.items()
    },
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
    deliver(service, hash(sent) % 10_000 + 1000)


def test_a_body_too_large_is_refused_before_it_is_sent(service: House) -> None:
    head = b"POST /webhooks/stripe HTTP/1.1\r\nHost: x\r\nContent-Length: 1048577\r\n\r\n"

    assert response_to(service, head).startswith(b"HTTP/1.1 413")


LONG = b"POST /webhooks/stripe HTTP/1.1\r\nHost: x\r\n"
HOPELESS = {
    "by its length": (LONG + b"Content-Length: 1048577\r\n\r\n", b"413"),
    "in one chunk": (
        LONG + b"Transfer-Encoding: chunked\r\n\r\n101000\r\n" + b"a" * (1024 * 1024 + 4000),
        b"413",
    ),
    "in tiny chunks": (LONG + b"Transfer-Encoding: chunked\r\n\r\n" + b"1\r\na\r\n" * 14_000, b"400"),
    "an end that is none": (LONG + b"Transfer-Encoding: chunked\r\n\r\nfffff\r\n0\r\n\r\n", b""),
    "half of a second one": (b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n" + LONG, b"200"),
}


@pytest.mark.parametrize(("sent", "status"), HOPELESS.values(), ids=HOPELESS.keys())
def test_no_thread_waits_for_the_rest(service: House, sent: bytes, status: bytes) -> None:
    """A page needs a thread; whoever holds sixteen of them had the house to himself."""
    answers: list[bytes] = []

    def ask(clients: list[socket.socket]) -> None:
        assert response_to(service, b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n").startswith(b"HTTP/1.1 200")
        answers[:] = [client.recv(65536) for client in clients] if status else []

    assert beside(service, sent, ask, all_stay=status == b"200")
    assert all(answer.split(b" ")[1] == status for answer in answers)
    if status.startswith(b"4"):
        assert all(b"\r\nConnection: close\r\n" in answer for answer in answers)


def test_a_client_that_asks_first_is_told_to_send_its_body_once(service: House) -> None:
    head, _, body = signed(90_001, more=b"Expect: 100-continue\r\n").partition(b"\r\n\r\n")
    with connected(service, sending=head + b"\r\n\r\n") as sock:
        interim = sock.recv(4096)
        sock.sendall(body)
        final = sock.recv(4096)

    assert interim == b"HTTP/1.1 100 Continue\r\n\r\n"
    assert final.startswith(b"HTTP/1.1 200 ")


def test_requests_behind_each_other_are_all_answered(service: House) -> None:
    page = b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n"
    with connected(service, sending=page * 3 + page[:20]) as client:
        time.sleep(0.3)
        client.sendall(page[20:-2] + b"Connection: close\r\n\r\n")
        received = b""
        while more := client.recv(65536):
            received += more

    assert received.count(b"HTTP/1.1 200") == 4


def test_who_sends_too_much_hears_so_and_may_stay_when_it_was_all_heard(service: House) -> None:
    with closing(http.client.HTTPConnection("127.0.0.1", service.port, timeout=10)) as line:
        for length, status in ((3_500_000, 401), (5_000_000, 413), (3_500_000, 401)):
            line.request("POST", "/api/jobs/x/results", b"x" * length, {"Content-Type": "application/json"})
            answer = line.getresponse()
            answer.read()
            assert answer.status == status
            assert answer.will_close == (status == 413)  # http.client opens another one then
