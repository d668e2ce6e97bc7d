"""The requests that providers send, read from their bytes; every other goes to the server's own parser.

What is read here the server would read alike: one line, plain headers that come once, a length, and the
body to the last byte. Anything else (chunks, folded or repeated headers, a request behind it, odd bytes)
is not refused but left to gunicorn, who knows all of HTTP.
"""

import re
from collections.abc import Mapping
from time import perf_counter

from gunicorn.util import http_date  # type: ignore[import-untyped]

from webhooks.batch import Answered, Post
from webhooks.responses import ALWAYS

MOST_HEAD_BYTES = 8000
MOST_FIELDS = 50
MOST_BODY_BYTES = 64 * 1024

_END = b"\r\n\r\n"
_FIRST = re.compile(r"POST (/[A-Za-z0-9/_-]*) HTTP/1\.1")
_NAME = re.compile(r"[A-Za-z0-9-]{1,64}")
_VALUE = re.compile(r"[ -~\t]*")
_HOST = re.compile(r"[A-Za-z0-9.:\[\]-]{1,255}")
_LENGTH = re.compile(r"[0-9]{1,7}")
_CHANGES_THE_REST = frozenset({"transfer-encoding", "expect", "upgrade", "http2-settings", "te", "trailer"})


class Fields:
    """Headers that came once each; asked in any case, as werkzeug's are."""

    __slots__ = ("_values",)

    def __init__(self, values: Mapping[str, str]) -> None:
        self._values = values

    def __contains__(self, name: str) -> bool:
        return name.lower() in self._values

    def get(self, name: str, default: str) -> str:
        return self._values.get(name.lower(), default)


def plain_post(heard: bytes | bytearray) -> Post | None:
    """The post in these bytes, if they are one and nothing else."""
    end = heard.find(_END)
    if not 0 <= end <= MOST_HEAD_BYTES or len(heard) - end > MOST_BODY_BYTES:
        return None
    try:
        first, *lines = heard[:end].decode("ascii").split("\r\n")
    except UnicodeDecodeError:
        return None
    asked, fields = _FIRST.fullmatch(first), _fields(lines)
    if asked is None or fields is None:
        return None
    length = fields.get("content-length", "")
    body = bytes(heard[end + len(_END) :])
    if _LENGTH.fullmatch(length) is None or int(length) != len(body):
        return None
    return Post(asked[1], Fields(fields), body, perf_counter())


def _fields(lines: list[str]) -> dict[str, str] | None:
    found: dict[str, str] = {}
    if len(lines) > MOST_FIELDS:
        return None
    for line in lines:
        name, colon, value = line.partition(":")
        if not colon or _NAME.fullmatch(name) is None or _VALUE.fullmatch(value) is None:
            return None
        name = name.lower()
        if name in found or name in _CHANGES_THE_REST:
            return None
        found[name] = value.strip(" \t")
    if _HOST.fullmatch(found.get("host", "")) is None:
        return None
    if found.get("connection", "keep-alive").lower() not in ("keep-alive", "close"):
        return None
    return found


def stays(post: Post) -> bool:
    """Whether its sender wants to send more on this connection."""
    return post.headers.get("Connection", "").lower() != "close"


def reply(answered: Answered, *, stays: bool) -> bytes:
    """The whole answer, as the server would put it."""
    said = answered.answer
    head = [
        f"HTTP/1.1 {said.line}",
        "Server: gunicorn",
        f"Date: {http_date()}",
        f"Connection: {'keep-alive' if stays else 'close'}",
        *(f"{name}: {value}" for name, value in said.headers),
        f"X-Request-Id: {answered.request_id}",
        *(f"{name}: {value}" for name, value in ALWAYS),
    ]
    return "\r\n".join(head).encode() + _END + said.body
