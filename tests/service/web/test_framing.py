"""When a request is whole enough to cost a thread."""

import pytest
from gunicorn.config import Config  # type: ignore[import-untyped]
from gunicorn.http.errors import NoMoreData, ParseException  # type: ignore[import-untyped]
from gunicorn.http.parser import RequestParser  # type: ignore[import-untyped]
from hypothesis import given
from hypothesis import strategies as st

from service.web.framing import (
    MAX_API_BODY_BYTES,
    MAX_FRAMING_BYTES,
    MAX_HEAD_BYTES,
    ChunkProgress,
    RequestState,
    request_state,
)
from webhooks.verification import MAX_BODY_BYTES

HEAD = b"POST /x HTTP/1.1\r\nHost: x\r\n"
WAITS = {
    "nothing": b"",
    "half a line": b"POST /x",
    "half the headers": HEAD + b"Content-Length: 3\r\n",
    "half the body": HEAD + b"Content-Length: 3\r\n\r\nab",
    "chunks without an end": HEAD + b"Transfer-Encoding: chunked\r\n\r\n2\r\nab\r\n",
    "half a chunk's length": HEAD + b"Transfer-Encoding: chunked\r\n\r\n2;a",
    "chunked and nothing yet": HEAD + b"Transfer-Encoding: chunked\r\n\r\n",
}
WHOLE = {
    "no body": HEAD + b"\r\n",
    "the body": HEAD + b"content-LENGTH: 3 \r\n\r\nabc",
    "and the next request": HEAD + b"Content-Length: 3\r\n\r\nabcGET /",
    "chunks": HEAD + b"Transfer-Encoding: chunked\r\n\r\n2\r\nab\r\n0\r\n\r\n",
    "chunks with an extension": HEAD + b"Transfer-Encoding: chunked\r\n\r\n2;a=b\r\nab\r\n0\r\n\r\n",
    "chunks and trailers": HEAD + b"Transfer-Encoding: chunked\r\n\r\n2\r\nab\r\n0\r\nX-A: b\r\n\r\n",
}
REFUSED_ANYWAY = {
    "endless headers": b"a" * (MAX_HEAD_BYTES + 1),
    "too long": HEAD + b"Content-Length: %d\r\n\r\n" % (MAX_BODY_BYTES + 1),
    "no number": HEAD + b"Content-Length: -3\r\n\r\n",
    "no chunk": HEAD + b"Transfer-Encoding: chunked\r\n\r\nzz\r\nab\r\n",
    "a chunk without a length": HEAD + b"Transfer-Encoding: chunked\r\n\r\n\r\n",
    "a line without an end": HEAD + b"Transfer-Encoding: chunked\r\n\r\n" + b"a" * 256,
    "a chunk that goes on": HEAD + b"Transfer-Encoding: chunked\r\n\r\n2\r\nabc\r\n",
    "endless data": HEAD + b"Transfer-Encoding: chunked\r\n\r\nffffff\r\n" + b"a" * (MAX_BODY_BYTES + 2049),
    "endless chunks": HEAD + b"Transfer-Encoding: chunked\r\n\r\n" + b"1\r\na\r\n" * (MAX_FRAMING_BYTES // 2),
    "endless trailers": HEAD + b"Transfer-Encoding: chunked\r\n\r\n0\r\n" + b"a" * (MAX_HEAD_BYTES + 1),
}


def state_of(received: bytes) -> RequestState:
    return request_state(received, ChunkProgress())


@pytest.mark.parametrize("received", WAITS.values(), ids=WAITS.keys())
def test_a_request_that_is_not_there_yet_waits(received: bytes) -> None:
    assert state_of(received) is RequestState.PARTIAL


@pytest.mark.parametrize("received", WHOLE.values(), ids=WHOLE.keys())
def test_what_is_whole_does_not(received: bytes) -> None:
    assert state_of(received) is RequestState.WHOLE


@pytest.mark.parametrize("received", REFUSED_ANYWAY.values(), ids=REFUSED_ANYWAY.keys())
def test_what_will_be_refused_does_not(received: bytes) -> None:
    assert state_of(received) is RequestState.HOPELESS


@pytest.mark.parametrize("received", WHOLE.values(), ids=WHOLE.keys())
def test_every_beginning_of_a_request_waits(received: bytes) -> None:
    end = len(received.removesuffix(b"GET /"))
    walk = ChunkProgress()

    for length in range(end):
        assert state_of(received[:length]) is RequestState.PARTIAL
        assert (
            request_state(received[:length], walk) is RequestState.PARTIAL
        )  # byte by byte it is the same walk
    assert request_state(received, walk) is RequestState.WHOLE


@pytest.mark.parametrize("size", [250, 1000, MAX_BODY_BYTES])
def test_the_longest_body_is_whole_in_chunks_and_a_longer_one_hopeless(size: int) -> None:
    sizes = [min(size, MAX_BODY_BYTES - at) for at in range(0, MAX_BODY_BYTES, size)]
    chunks = b"".join(b"%x\r\n%s\r\n" % (length, b"a" * length) for length in sizes)
    head = HEAD + b"Transfer-Encoding: chunked\r\n\r\n"

    assert state_of(head + chunks + b"0\r\n\r\n") is RequestState.WHOLE
    assert state_of(head + chunks + b"801\r\n%s\r\n0\r\n\r\n" % (b"a" * 2049)) is RequestState.HOPELESS


@pytest.mark.parametrize("length", [MAX_BODY_BYTES + 1, MAX_API_BODY_BYTES])
def test_the_api_takes_longer_ones(length: int) -> None:
    header_lines = b"Host: x\r\nContent-Length: %d\r\n\r\n" % length

    assert state_of(b"POST /api/jobs/x/results HTTP/1.1\r\n" + header_lines) is RequestState.PARTIAL
    assert state_of(b"POST /webhooks/stripe HTTP/1.1\r\n" + header_lines) is RequestState.HOPELESS


def as_gunicorn_reads(received: bytes) -> RequestState:
    """Of bytes after which nothing comes."""
    try:
        request = next(RequestParser(Config(), [received], ("127.0.0.1", 1)))
        request.body.read()
    except NoMoreData:
        return RequestState.PARTIAL
    except ParseException:
        return RequestState.HOPELESS
    return RequestState.WHOLE


CHUNK = st.builds(
    lambda data, form, more: (form % len(data)).encode() + more + b"\r\n" + data + b"\r\n",
    st.binary(min_size=1, max_size=40),
    st.sampled_from(["%x", "%X", "00%x"]),
    st.sampled_from([b"", b";a=b", b" ;a", b';a="b c"']),
)
CHUNKED = st.builds(
    lambda chunks, end: b"".join(chunks) + end,
    st.lists(CHUNK, max_size=6),
    st.sampled_from(
        [b"0\r\n\r\n", b"000\r\n\r\n", b"0;a\r\nX-A: b\r\n\r\n", b"0\r\nX-A: b\r\n", b"", b"2\r\na"]
    ),
)
PIECES = st.lists(
    st.tuples(st.integers(0, 400), st.sampled_from([b"", b"\r", b"\n", b"0", b"\r\n", b"z"])), max_size=2
)


@given(CHUNKED, PIECES)
def test_chunks_are_counted_as_gunicorn_counts_them(body: bytes, wounds: list[tuple[int, bytes]]) -> None:
    """Nobody waits for what gunicorn would not, and nobody is refused whom gunicorn would understand."""
    for at, piece in wounds:
        body = body[:at] + piece + body[at + 1 :]
    received = HEAD + b"Transfer-Encoding: chunked\r\n\r\n" + body
    theirs, ours = as_gunicorn_reads(received), state_of(received)

    if theirs is RequestState.WHOLE:
        assert ours is RequestState.WHOLE
    if ours is RequestState.WHOLE:
        assert theirs is not RequestState.PARTIAL
