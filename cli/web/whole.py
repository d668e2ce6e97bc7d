"""When a request is whole: there is nothing to wait for, and it may cost somebody's time."""

import re

MOST_HEAD_BYTES = 64 * 1024
MOST_BODY_BYTES = 1024 * 1024  # longer ones are refused by their length, unread

_LENGTH = re.compile(rb"\r\ncontent-length:[ \t]*([0-9]{1,12})[ \t]*\r\n", re.IGNORECASE)
_CHUNKED = re.compile(rb"\r\ntransfer-encoding:", re.IGNORECASE)
_END = b"\r\n\r\n"
_CHUNK = re.compile(rb"[0-9a-f]{1,16}[ \t]*(;[^\r\n]*)?\r\n", re.IGNORECASE)
_CHUNK_LINE_BYTES = 256


def is_whole(heard: bytes | bytearray) -> bool:
    """Whether there is nothing left to wait for: a whole request, or one that will be refused anyway."""
    end = heard.find(_END)
    if end < 0:
        return len(heard) > MOST_HEAD_BYTES
    head, body = bytes(heard[: end + 2]), len(heard) - end - len(_END)
    if _CHUNKED.search(head):
        if body > MOST_BODY_BYTES or _no_chunk(bytes(heard[end + len(_END) :][:_CHUNK_LINE_BYTES])):
            return True
        return body > 0 and heard.endswith(_END) and b"0\r\n" in heard[-1024:]
    length = _LENGTH.search(head)
    return length is None or body >= int(length[1]) or int(length[1]) > MOST_BODY_BYTES


def _no_chunk(start: bytes) -> bool:
    """Whether no length begins this body, so that there is no knowing what to wait for."""
    return (b"\r\n" in start or len(start) == _CHUNK_LINE_BYTES) and _CHUNK.match(start) is None
