"""Output of commands: tables for people, one JSON document for machines."""

import sys
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime

import click
import orjson
from rich import console as rich_console
from rich.markup import escape
from rich.segment import Segment
from rich.table import Table

from cli.errors import Failure
from cli.terminal import confirm, echo
from service.escapes import printable, visible, visible_json

json_option = click.option("--json", "as_json", is_flag=True, help="Print one JSON document on stdout.")


class Console(rich_console.Console):
    """rich's console; its own control codes pass, those in texts are printed as escapes."""

    def render(
        self, renderable: rich_console.RenderableType, options: rich_console.ConsoleOptions | None = None
    ) -> Iterable[Segment]:
        for segment in super().render(renderable, options):
            if segment.control:
                yield segment
            else:
                yield Segment(visible(segment.text), segment.style)


def console(*, stderr: bool = False) -> Console:
    """A console on the stream as it is now (tests swap it); without a terminal as wide as needed."""
    stream = sys.stderr if stderr else sys.stdout
    width = None if stream.isatty() else _WIDE
    return Console(file=stream, highlight=False, soft_wrap=False, width=width)


def agreed(question: str, *, otherwise: str) -> None:
    """Return if the operator confirms. Raises: Failure with `otherwise` if not, or if stdin has no answer."""
    try:
        if confirm(question):
            return
    except click.Abort:  # stdin is closed, or Ctrl-C
        echo(err=True)
    raise Failure(otherwise)


def emit_json(value: object) -> None:
    """`value` as indented JSON; instants in UTC with Z, ids as text."""
    echo(visible_json(orjson.dumps(value, default=_as_text, option=_JSON).decode()))


def emit_json_line(value: object) -> None:
    """`value` as JSON on one line, for a stream of documents."""
    echo(visible_json(orjson.dumps(value, default=_as_text, option=_JSON ^ orjson.OPT_INDENT_2).decode()))


def emit_table(rows: Iterable[Mapping[str, object]], columns: Sequence[str], *, empty: str) -> None:
    """One line per row; prints `empty` if there is none."""
    table = Table(box=None, pad_edge=False, header_style="bold")
    for column in columns:
        table.add_column(column, overflow="fold")
    for row in rows:
        table.add_row(*(cell(row.get(column)) for column in columns))
    console().print(table if table.row_count else empty)


def emit_pairs(title: str, pairs: Mapping[str, object]) -> None:
    """A titled block of names and values."""
    out = console()
    for line in pair_lines(title, pairs):
        out.print(line, soft_wrap=True)


def pair_lines(title: str, pairs: Mapping[str, object]) -> list[str]:
    """The same block as lines of rich's markup."""
    width = max(map(len, pairs), default=0)
    named = [f"  [dim]{name:<{width}}[/dim]  {cell(value)}" for name, value in pairs.items()]
    return [f"[bold]{escape(title)}[/bold]", *named]


def cell(value: object) -> str:
    """A value for people; text from outside can't colour, move the cursor or break lines."""
    if value is None:
        return "[dim]–[/dim]"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, datetime):
        return instant(value)
    if isinstance(value, Mapping | list | tuple):
        return escape(printable(orjson.dumps(value, default=_as_text).decode()))
    return escape(printable(str(value)))


def instant(at: datetime) -> str:
    """UTC to the second, or to the microsecond if it has one; options accept it."""
    text = at.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S")
    return text + (f".{at.microsecond:06d}" if at.microsecond else "") + "Z"


def _as_text(value: object) -> object:
    if isinstance(value, bytes | memoryview):
        return bytes(value).hex()
    return str(value)


_WIDE = 200
_JSON = orjson.OPT_INDENT_2 | orjson.OPT_UTC_Z | orjson.OPT_NON_STR_KEYS
