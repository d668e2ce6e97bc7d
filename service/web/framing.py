"""Decide whether a request is complete, so that a thread can handle it without waiting."""

import re
from dataclasses import dataclass
from enum import Enum, auto

from api.request_limits import LONGER
from webhooks.verification import MAX_BODY_BYTES

MAX_HEAD_BYTES = 64 * 1024
MAX_API_BODY_BYTES = max(LONGER.values())
MAX_FRAMING_BYTES = 32 * 1024  # around chunks: enough for six thousand, since each costs parsing time
READ_STEP_BYTES = 2048  # readers of a body request at least this many bytes at once

_LENGTH = re.compile(rb"\r\ncontent-length:[ \t]*([0-9]{1,12})[ \t]*\r\n", re.IGNORECASE)
_MEASURED = re.compile(rb"\r\ncontent-length[ \t]*:", re.IGNORECASE)
_CHUNKED = re.compile(rb"\r\ntransfer-encoding:", re.IGNORECASE)
_CHUNK = re.compile(rb"([0-9a-f]{1,12})[ \t]*(?:;[^\r\n]*)?\r\n", re.IGNORECASE)
_EXPECTS = re.compile(rb"\r\nexpect:[ \t]*100-continue[ \t]*\r\n", re.IGNORECASE)
_API = re.compile(rb"[A-Z]+ /api/")
_CHUNK_LINE_BYTES = 256
_LINE = b"\r\n"
_END = b"\r\n\r\n"


class RequestState(Enum):
    """State of a request after the bytes received so far."""

    PARTIAL = auto()
    WHOLE = auto()
    HOPELESS = auto()  # too long, or not HTTP: refused regardless of further bytes


@dataclass(slots=True)
class ChunkProgress:
    """Position up to which a body's chunks are counted, so that no byte is read twice."""

    at: int = 0
    data: int = 0


def request_state(received: bytes | bytearray, walk: ChunkProgress) -> RequestState:
    """The state of the request; `walk` is its progress, new for each request."""
    end = received.find(_END)
    if end < 0:
        return RequestState.HOPELESS if len(received) > MAX_HEAD_BYTES else RequestState.PARTIAL
    head, begin = bytes(received[: end + 2]), end + len(_END)
    most = MAX_API_BODY_BYTES if _API.match(head) else MAX_BODY_BYTES
    if _CHUNKED.search(head):
        return _chunks(received, begin, most, walk)
    length = _LENGTH.search(head)
    if length is None:
        return RequestState.HOPELESS if _MEASURED.search(head) else RequestState.WHOLE
    if len(received) - begin >= int(length[1]):
        return RequestState.WHOLE
    return RequestState.HOPELESS if int(length[1]) > most else RequestState.PARTIAL


def expects_continue(received: bytes | bytearray) -> bool:
    """True if the client sends the body only after `100 Continue`, and none of the body has come.

    Source: RFC 9110, section 10.1.1.
    """
    head, end, body = bytes(received[:MAX_HEAD_BYTES]).partition(_END)
    first, _, _ = head.partition(_LINE)
    return (
        bool(end) and not body and first.endswith(b"HTTP/1.1") and _EXPECTS.search(head + _LINE) is not None
    )


def _chunks(received: bytes | bytearray, begin: int, most: int, walk: ChunkProgress) -> RequestState:
    walk.at = max(walk.at, begin)
    while True:
        if walk.at - begin - walk.data > MAX_FRAMING_BYTES:
            return RequestState.HOPELESS
        line = bytes(received[walk.at : walk.at + _CHUNK_LINE_BYTES])
        if _LINE not in line:
            return RequestState.HOPELESS if len(line) == _CHUNK_LINE_BYTES else RequestState.PARTIAL
        size_line = _CHUNK.match(line)
        if size_line is None:
            return RequestState.HOPELESS
        size, data = int(size_line[1], 16), walk.at + size_line.end()
        if size == 0:
            return _trailers(received, data - len(_LINE))
        after = data + size
        if walk.data + min(size, len(received) - data) > most + READ_STEP_BYTES:
            return RequestState.HOPELESS  # not before, so that the reader of the body finds it too long
        if len(received) < after + len(_LINE):
            return RequestState.PARTIAL
        if received[after : after + len(_LINE)] != _LINE:
            return RequestState.HOPELESS
        walk.at, walk.data = after + len(_LINE), walk.data + size


def _trailers(received: bytes | bytearray, begin: int) -> RequestState:
    if received.find(_END, begin) >= 0:
        return RequestState.WHOLE
    return RequestState.HOPELESS if len(received) - begin > MAX_HEAD_BYTES else RequestState.PARTIAL
