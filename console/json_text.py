"""A JSON body laid out for reading: every token stays as it was received, only blanks change."""

import re
from collections.abc import Iterator

from markupsafe import Markup, escape

MAX_CHARS = 200_000
INDENT = "  "
DEEPEST = 40

_TOKEN = re.compile(r'"(?:[^"\\]|\\.)*"|[{}\[\],:]|[^\s{}\[\],:"]+|"', re.DOTALL)


def pretty(text: str) -> Markup:
    """The body with line breaks and a class a token; a very long one as it is."""
    if len(text) > MAX_CHARS:
        return escape(text)
    return Markup("").join(_laid_out([match[0] for match in _TOKEN.finditer(text)]))


def _laid_out(pieces: list[str]) -> Iterator[Markup]:
    depth = 0
    for index, piece in enumerate(pieces):
        following = pieces[index + 1] if index + 1 < len(pieces) else ""
        if piece in ("{", "["):
            depth += 1
            yield escape(piece) if following in ("}", "]") else escape(piece) + _line(depth)
        elif piece in ("}", "]"):
            depth = max(0, depth - 1)
            is_empty = index and pieces[index - 1] in ("{", "[")
            yield escape(piece) if is_empty else _line(depth) + escape(piece)
        elif piece == ",":
            yield escape(piece) + _line(depth)
        elif piece == ":":
            yield escape(": ")
        else:
            yield Markup('<span class="j-{}">{}</span>').format(_kind(piece, following), piece)


def _kind(piece: str, following: str) -> str:
    if piece.startswith('"'):
        return "key" if following == ":" else "text"
    return "word" if piece in ("true", "false", "null") else "number"


def _line(depth: int) -> Markup:
    return escape("\n" + INDENT * min(depth, DEEPEST))
