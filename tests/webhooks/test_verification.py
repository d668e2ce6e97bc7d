"""Bodies: how much of one is ever held, and what an honest length looks like."""

from io import BytesIO

import pytest
from flask import Request

from webhooks.errors import BodyTooLarge, WebhookRefused
from webhooks.verification import MAX_BODY_BYTES, fingerprint, read_body


class Endless(BytesIO):
    """A sender that never stops; counts what was taken from it."""

    bytes_read = 0

    def readinto(self, buffer: bytearray) -> int:  # type: ignore[override]  # narrower than Buffer
        self.bytes_read += len(buffer)
        buffer[:] = b"x" * len(buffer)
        return len(buffer)


class HangsUp(BytesIO):
    def readinto(self, buffer: bytearray) -> int:  # type: ignore[override]  # narrower than Buffer
        raise OSError("connection reset")


def sent(stream: BytesIO, *, length: str | None = None, chunked: bool = False) -> Request:
    environ: dict[str, object] = {"wsgi.input": stream, "REQUEST_METHOD": "POST"}
    if length is not None:
        environ["CONTENT_LENGTH"] = length
    if chunked:
        environ |= {"HTTP_TRANSFER_ENCODING": "chunked", "wsgi.input_terminated": True}
    return Request(environ)


def test_a_body_of_exactly_the_limit_is_read_whole() -> None:
    raw = b"x" * MAX_BODY_BYTES

    assert read_body(sent(BytesIO(raw), length=str(len(raw)))).raw == raw
    assert read_body(sent(BytesIO(raw), chunked=True)).raw == raw


def test_a_declared_length_over_the_limit_is_refused_unread() -> None:
    stream = Endless()

    with pytest.raises(BodyTooLarge):
        read_body(sent(stream, length=str(MAX_BODY_BYTES + 1)))
    assert stream.bytes_read == 0


@pytest.mark.parametrize("extra", [1, 70_000])
def test_a_chunked_body_over_the_limit_is_refused_not_cut(extra: int) -> None:
    with pytest.raises(BodyTooLarge):
        read_body(sent(BytesIO(b"x" * (MAX_BODY_BYTES + extra)), chunked=True))


def test_an_endless_body_is_left_after_the_limit() -> None:
    stream = Endless()

    with pytest.raises(BodyTooLarge):
        read_body(sent(stream, chunked=True))
    assert stream.bytes_read == MAX_BODY_BYTES + 1


@pytest.mark.parametrize("length", [None, "", "junk", "-5"])
def test_without_an_honest_length_nothing_is_read(length: str | None) -> None:
    stream = Endless()

    assert read_body(sent(stream, length=length)).raw == b""
    assert stream.bytes_read == 0


def test_a_body_cut_short_is_refused() -> None:
    for stream in (BytesIO(b"{}"), HangsUp()):
        with pytest.raises(WebhookRefused, match="body_cut_short"):
            read_body(sent(stream, length="100"))


def test_a_short_chunked_body_is_whole() -> None:
    assert read_body(sent(BytesIO(b"{}"), chunked=True)).text == "{}"


def test_bytes_that_are_not_utf8_have_no_text() -> None:
    body = read_body(sent(BytesIO(b"\xff{}"), length="3"))

    assert (body.raw, body.text) == (b"\xff{}", None)


def test_a_fingerprint_tells_secrets_apart_and_not_what_they_are() -> None:
    assert fingerprint("whsec_a") != fingerprint("whsec_b")
    assert "whsec" not in fingerprint("whsec_a")
