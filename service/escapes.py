"""Escape text from outside so that it can't control a terminal: no cursor, colour or direction changes."""

import re
import sys
from typing import Any

_CONTROL = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\xad\u061c\u180e\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\ud800-\udfff\ufeff\ufff9-\ufffb]"
    "|[\U000e0000-\U000e007f]"
)


def printable(text: str) -> str:
    """`text` on one line, with every control, direction-changing and invisible character escaped."""
    return "".join(char if char.isprintable() else _escape(char) for char in text)


def visible(text: str) -> str:
    """The same for text of several lines: line breaks and tabs stay."""
    return _CONTROL.sub(lambda match: _escape(match[0]), text)


def visible_json(text: str) -> str:
    """The same JSON with these characters as JSON's own escapes."""
    return _CONTROL.sub(_json_escape, text)


def visible_values(_logger: object, _method: str, event: Any) -> Any:  # Any: structlog's event_dict
    """structlog processor for console lines."""
    return {key: visible(value) if isinstance(value, str) else value for key, value in event.items()}


def notice(text: str) -> None:
    """Write one line to standard error, for the person who runs the command."""
    sys.stderr.write(visible(text) + "\n")


def _escape(char: str) -> str:
    return char.encode("unicode_escape", "surrogatepass").decode()


def _json_escape(match: re.Match[str]) -> str:
    pairs = match[0].encode("utf-16-be", "surrogatepass")
    return "".join(f"\\u{pairs[at]:02x}{pairs[at + 1]:02x}" for at in range(0, len(pairs), 2))
