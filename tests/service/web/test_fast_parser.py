"""What the short way reads, the server's own parser reads alike; everything else it leaves alone."""

from collections.abc import Iterator
from itertools import chain

import pytest
from gunicorn.config import Config  # type: ignore[import-untyped]
from gunicorn.http import RequestParser  # type: ignore[import-untyped]
from hypothesis import given
from hypothesis import strategies as st

from service.web.fast_parser import MAX_BODY_BYTES, MAX_FIELDS, plain_post, reply, stays
from webhooks.batch import Answered
from webhooks.delivery import Delivery
from webhooks.responses import answer

STRIPE = b"POST /webhooks/stripe HTTP/1.1\r\n"
HEAD = STRIPE + b"Host: x\r\n"
PLAIN = {
    "as Stripe sends it": HEAD
    + b"Stripe-Signature: t=1,v1=aa\r\nAccept: */*; q=0.5\r\nContent-Length: 3\r\n\r\nabc",
    "any case, any space": STRIPE + b"HOST:x\r\ncontent-LENGTH: \t3 \r\n\r\nabc",
    "nothing in it": HEAD + b"Content-Length: 0\r\n\r\n",
    "an empty header": HEAD + b"X-A:\r\nContent-Length: 1\r\n\r\na",
    "bytes of any kind": HEAD + b"Content-Length: 4\r\n\r\n\x00\xff\r\n",
    "stays": HEAD + b"Connection: Keep-Alive\r\nContent-Length: 1\r\n\r\na",
    "goes": HEAD + b"Connection: close\r\nContent-Length: 1\r\n\r\na",
}
LEFT_ALONE = {
    "nothing": b"",
    "no end": HEAD,
    "another method": b"GET /webhooks/stripe HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n",
    "another version": b"POST /webhooks/stripe HTTP/1.0\r\nHost: x\r\nContent-Length: 0\r\n\r\n",
    "a query": b"POST /webhooks/stripe?a=b HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n",
    "an escape": b"POST /webhooks/%73tripe HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n",
    "an absolute address": b"POST http://x/webhooks/stripe HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n",
    "no host": STRIPE + b"Content-Length: 0\r\n\r\n",
    "an empty host": STRIPE + b"Host:\r\nContent-Length: 0\r\n\r\n",
    "no length": HEAD + b"\r\n",
    "no number": HEAD + b"Content-Length: +1\r\n\r\na",
    "two lengths": HEAD + b"Content-Length: 1\r\nContent-Length: 1\r\n\r\na",
    "a list of lengths": HEAD + b"Content-Length: 1, 1\r\n\r\na",
    "half the body": HEAD + b"Content-Length: 3\r\n\r\nab",
    "the next request behind it": HEAD + b"Content-Length: 3\r\n\r\nabcPOST",
    "chunks": HEAD + b"Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    "a length and chunks": HEAD + b"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    "an upgrade": HEAD + b"Connection: upgrade\r\nUpgrade: h2c\r\nContent-Length: 1\r\n\r\na",
    "an expectation": HEAD + b"Expect: 100-continue\r\nContent-Length: 1\r\n\r\na",
    "a header twice": HEAD + b"Stripe-Signature: a\r\nstripe-signature: b\r\nContent-Length: 1\r\n\r\na",
    "a folded header": HEAD + b"X-A: b\r\n c\r\nContent-Length: 1\r\n\r\na",
    "a space before the colon": HEAD + b"X-A : b\r\nContent-Length: 1\r\n\r\na",
    "an underscore": HEAD + b"Stripe_Signature: b\r\nContent-Length: 1\r\n\r\na",
    "a bare line feed": HEAD + b"X-A: b\nX-B: c\r\nContent-Length: 1\r\n\r\na",
    "a bare return": HEAD + b"X-A: b\rX-B: c\r\nContent-Length: 1\r\n\r\na",
    "a NUL": HEAD + b"X-A: b\x00\r\nContent-Length: 1\r\n\r\na",
    "beyond ASCII": HEAD + b"X-A: \xc3\xa4\r\nContent-Length: 1\r\n\r\na",
    "many headers": HEAD
    + b"".join(b"X-%d: a\r\n" % n for n in range(MAX_FIELDS))
    + b"Content-Length: 1\r\n\r\na",
    "a long head": HEAD + b"X-A: " + b"a" * 8000 + b"\r\nContent-Length: 1\r\n\r\na",
    "a long body": HEAD + b"Content-Length: %d\r\n\r\n" % (MAX_BODY_BYTES + 1) + b"a" * (MAX_BODY_BYTES + 1),
}


def by_the_server(received: bytes) -> tuple[str, str, dict[str, str], bytes, bytes]:
    """Method, path, headers, body and what is left, as gunicorn reads them."""
    parser = RequestParser(Config(), iter([received]), ("127.0.0.1", 1))
    request = next(parser)
    body = request.body.read()
    rest = parser.unreader.buf.getvalue()
    assert len(request.headers) == len(dict(request.headers))
    return request.method, request.path, dict(request.headers), body, rest


def assert_alike(received: bytes) -> bool:
    """Whether it was read the short way, and then as the server reads it."""
    post = plain_post(received)
    if post is None:
        return False
    method, path, headers, body, rest = by_the_server(received)
    assert (method, path, body, rest) == ("POST", post.path, post.body, b"")
    assert {name: post.headers.get(name, "none") for name in headers} == headers
    return True


@pytest.mark.parametrize("received", PLAIN.values(), ids=PLAIN.keys())
def test_plain_posts_are_read_as_the_server_reads_them(received: bytes) -> None:
    assert assert_alike(received)


@pytest.mark.parametrize("received", LEFT_ALONE.values(), ids=LEFT_ALONE.keys())
def test_everything_else_is_left_to_the_server(received: bytes) -> None:
    assert plain_post(received) is None


def lines() -> Iterator[bytes]:
    for received in chain(PLAIN.values(), LEFT_ALONE.values()):
        if len(received) < 1000:
            yield from received.partition(b"\r\n\r\n")[0].split(b"\r\n")


FIELDS = st.sampled_from(sorted(set(lines()))) | st.binary(max_size=20)
BREAKS = st.sampled_from([b"\r\n"] * 20 + [b"\n", b"\r", b"\r\n\r\n", b"\r\n ", b""])
BODIES = st.binary(max_size=30)


@st.composite
def nearly_requests(draw: st.DrawFn) -> bytes:
    received = b""
    for line in [STRIPE[:-2], *draw(st.lists(FIELDS, max_size=5))]:
        received += line + draw(BREAKS)
    body = draw(BODIES)
    length = draw(st.sampled_from([len(body)] * 5 + [0, 1, len(body) + 1]))
    received += b"Host: x\r\nContent-Length: %d\r\n\r\n" % length + body
    for _ in range(draw(st.sampled_from([0, 0, 0, 1, 2]))):
        at = draw(st.integers(0, len(received)))
        received = received[:at] + draw(st.binary(max_size=2)) + received[at + draw(st.integers(0, 2)) :]
    return received


@given(nearly_requests())
def test_whatever_is_read_the_short_way_the_server_reads_alike(received: bytes) -> None:
    assert_alike(received)


def test_who_says_so_is_let_go() -> None:
    goes, keeps = plain_post(PLAIN["goes"]), plain_post(PLAIN["stays"])

    assert goes is not None
    assert keeps is not None
    assert (stays(goes), stays(keeps)) == (False, True)


def test_a_reply_is_whole() -> None:
    response = reply(
        Answered(answer({"status": "appended"}), "req-1", Delivery(source="stripe", outcome="appended"), 0.0),
        stays=True,
    )
    head, _, body = response.partition(b"\r\n\r\n")
    first, *fields = head.decode().split("\r\n")
    headers = dict(field.split(": ", 1) for field in fields)

    assert first == "HTTP/1.1 200 OK"
    assert headers["Content-Length"] == str(len(body))
    assert headers["X-Request-Id"] == "req-1"
    assert headers["Connection"] == "keep-alive"
    assert headers["Cache-Control"] == "no-store"
    assert body == b'{"status":"appended"}\n'
