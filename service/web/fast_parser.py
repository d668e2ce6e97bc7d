"""A minimal parser for providers' requests; every other request goes to gunicorn's parser.

It accepts what gunicorn would parse the same way: a request line, plain headers without repetition, a
length, and the complete body. Anything else (chunks, folded or repeated headers, a pipelined request, odd
bytes) is left to gunicorn, which implements all of HTTP.
"""

import re
from collections.abc import Mapping
from time import perf_counter

from gunicorn.util import http_date  # type: ignore[import-untyped]

from webhooks.batch import Answered, Post
from webhooks.responses import ALWAYS

MAX_HEAD_BYTES = 8000
MAX_FIELDS = 50
MAX_BODY_BYTES = 64 * 1024

_END = b"\r\n\r\n"
_FIRST = re.compile(r"POST (/[A-Za-z0-9/_-]*) HTTP/1\.1")
_NAME = re.compile(r"[A-Za-z0-9-]{1,64}")
_VALUE = re.compile(r"[ -~\t]*")
_HOST = re.compile(r"[A-Za-z0-9.:\[\]-]{1,255}")
_LENGTH = re.compile(r"[0-9]{1,7}")
_CHANGES_THE_REST = frozenset({"transfer-encoding", "expect", "upgrade", "http2-settings", "te", "trailer"})


class Fields:
    """Headers without repetition; names are case-insensitive, as werkzeug's are."""

    __slots__ = ("_values",)

    def __init__(self, values: Mapping[str, str]) -> None:
        self._values = values

    def __contains__(self, name: str) -> bool:
        return name.lower() in self._values

    def get(self, name: str, default: str) -> str:
        return self._values.get(name.lower(), default)


def plain_post(request: bytes | bytearray) -> Post | None:
    """The POST request in these bytes; None if they are anything else."""
    end = request.find(_END)
    if not 0 <= end <= MAX_HEAD_BYTES or len(request) - end > MAX_BODY_BYTES:
        return None
    try:
        first, *lines = request[:end].decode("ascii").split("\r\n")
    except UnicodeDecodeError:
        return None
    request_line, fields = _FIRST.fullmatch(first), _fields(lines)
    if request_line is None or fields is None:
        return None
    length = fields.get("content-length", "")
    body = bytes(request[end + len(_END) :])
    if _LENGTH.fullmatch(length) is None or int(length) != len(body):
        return None
    return Post(request_line[1], Fields(fields), body, perf_counter())


def _fields(lines: list[str]) -> dict[str, str] | None:
    fields: dict[str, str] = {}
    if len(lines) > MAX_FIELDS:
        return None
    for line in lines:
        name, colon, value = line.partition(":")
        if not colon or _NAME.fullmatch(name) is None or _VALUE.fullmatch(value) is None:
            return None
        name = name.lower()
        if name in fields or name in _CHANGES_THE_REST:
            return None
        fields[name] = value.strip(" \t")
    if _HOST.fullmatch(fields.get("host", "")) is None:
        return None
    if fields.get("connection", "keep-alive").lower() not in ("keep-alive", "close"):
        return None
    return fields


def stays(post: Post) -> bool:
    """Whether the client keeps the connection open."""
    return post.headers.get("Connection", "").lower() != "close"


def reply(answered: Answered, *, stays: bool) -> bytes:
    """The whole response, as gunicorn would write it."""
    response = answered.answer
    head = [
        f"HTTP/1.1 {response.line}",
        "Server: gunicorn",
        f"Date: {http_date()}",
        f"Connection: {'keep-alive' if stays else 'close'}",
        *(f"{name}: {value}" for name, value in response.headers),
        f"X-Request-Id: {answered.request_id}",
        *(f"{name}: {value}" for name, value in ALWAYS),
    ]
    return "\r\n".join(head).encode() + _END + response.body
