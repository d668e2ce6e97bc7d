"""The only way to a person's terminal: no text from outside moves its cursor, colours it or turns it around.

Commands print through `echo` or cli.output.Console; ruff refuses rich's and click's own elsewhere.
"""

import io
import re
import sys
from typing import IO, Any

import click

_CONTROL = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\xad\u061c\u180e\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\ud800-\udfff\ufeff\ufff9-\ufffb]"
    "|[\U000e0000-\U000e007f]"
)


def printable(text: str) -> str:
    """On one line, with every control, direction-changing and invisible character as its escape."""
    return "".join(char if char.isprintable() else _escape(char) for char in text)


def visible(text: str) -> str:
    """The same for text of several lines: line breaks and tabs stay."""
    return _CONTROL.sub(lambda match: _escape(match[0]), text)


def visible_json(text: str) -> str:
    """The same JSON with these characters as JSON's own escapes."""
    return _CONTROL.sub(_json_escape, text)


def echo(text: str = "", *, err: bool = False, nl: bool = True, file: IO[str] | None = None) -> None:
    """Print text that is not rich's markup."""
    click.echo(visible(text), err=err, nl=nl, file=file)


def echo_exactly(content: str | bytes, *, nl: bool = True) -> None:
    """To a file or a pipe as it is, to a terminal as `echo` does."""
    if sys.stdout.isatty():
        text = content.decode(errors="backslashreplace") if isinstance(content, bytes) else content
        echo(text, nl=nl)
    else:
        click.echo(content, nl=nl)


class TerminalBytes(io.BytesIO):
    """Stands in for a terminal's stdout.buffer where lines of JSON are written."""

    def write(self, content: Any, /) -> int:  # Any: whatever has a buffer
        echo(visible_json(bytes(content).decode()), nl=False)
        return len(content)


def confirm(question: str) -> bool:
    """Ask on stderr. Raises: click.Abort when there is nothing to read an answer from."""
    return click.confirm(visible(question), err=True)


def visible_values(_logger: object, _method: str, event: Any) -> Any:  # Any: structlog's event_dict
    """structlog processor for lines that people read."""
    return {key: visible(value) if isinstance(value, str) else value for key, value in event.items()}


def _escape(char: str) -> str:
    return char.encode("unicode_escape", "surrogatepass").decode()


def _json_escape(match: re.Match[str]) -> str:
    pairs = match[0].encode("utf-16-be", "surrogatepass")
    return "".join(f"\\u{pairs[at]:02x}{pairs[at + 1]:02x}" for at in range(0, len(pairs), 2))
