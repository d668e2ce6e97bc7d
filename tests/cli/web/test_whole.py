"""When a request is whole enough to cost a thread."""

import pytest

from cli.web.whole import MOST_BODY_BYTES, MOST_HEAD_BYTES, is_whole

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
    "endless headers": b"a" * (MOST_HEAD_BYTES + 1),
    "too long": HEAD + b"Content-Length: %d\r\n\r\n" % (MOST_BODY_BYTES + 1),
    "no number": HEAD + b"Content-Length: -3\r\n\r\n",
    "no chunk": HEAD + b"Transfer-Encoding: chunked\r\n\r\nzz\r\nab\r\n",
    "a chunk without a length": HEAD + b"Transfer-Encoding: chunked\r\n\r\n\r\n",
    "a line without an end": HEAD + b"Transfer-Encoding: chunked\r\n\r\n" + b"a" * 256,
    "endless chunks": HEAD + b"Transfer-Encoding: chunked\r\n\r\n" + b"a" * (MOST_BODY_BYTES + 1),
}


@pytest.mark.parametrize("heard", WAITS.values(), ids=WAITS.keys())
def test_a_request_that_is_not_there_yet_waits(heard: bytes) -> None:
    assert not is_whole(heard)


@pytest.mark.parametrize("heard", [*WHOLE.values(), *REFUSED_ANYWAY.values()], ids=[*WHOLE, *REFUSED_ANYWAY])
def test_what_is_whole_or_will_be_refused_does_not(heard: bytes) -> None:
    assert is_whole(heard)


@pytest.mark.parametrize("heard", WHOLE.values(), ids=WHOLE.keys())
def test_every_beginning_of_a_request_waits(heard: bytes) -> None:
    end = heard.find(b"\r\n\r\n")

    assert not any(is_whole(heard[:length]) for length in range(end + 4))
