"""One look, shown again and again until Ctrl-C: a screen drawn over, or one output after the other."""

import os
import sys
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import IO

import psycopg
from rich.console import Group
from rich.live import Live
from rich.markup import escape
from rich.text import Text

from cli.errors import one_line
from cli.output import Console, console, emit_json_line
from cli.terminal import echo
from database.errors import DatabaseUnavailable
from queries.rows import Row

Wait = Callable[[float], None]


def watching(
    look: Callable[[], Sequence[str]],
    *,
    every_s: float,
    on: Console | None = None,
    wait: Wait = time.sleep,
) -> None:
    """Show what `look` says, lines of rich's markup, every so many seconds.

    The screen before is back afterwards; where there is none, as in a pipe, one look follows the
    other with an empty line between. A database that is away is shown as such and asked again.
    """
    shown = on or console()
    if not shown.is_terminal:
        _again_and_again(lambda: _print(_seen(look), shown.file), every_s, wait)
        return
    with suppress(KeyboardInterrupt), Live(console=shown, screen=True, auto_refresh=False) as live:
        while True:
            live.update(Group(*map(Text.from_markup, _seen(look))), refresh=True)
            wait(every_s)


def telling(look: Callable[[], Row], *, every_s: float, wait: Wait = time.sleep) -> None:
    """What `look` finds as a line of JSON every so many seconds; `error` while the database is away."""

    def tell() -> None:
        try:
            found = look()
        except (psycopg.Error, DatabaseUnavailable) as problem:
            found = {"error": one_line(problem)}
        emit_json_line(found)

    _again_and_again(tell, every_s, wait)


def _again_and_again(tell: Callable[[], None], every_s: float, wait: Wait) -> None:
    """Until Ctrl-C, or nobody reads any more."""
    try:
        while True:
            tell()
            wait(every_s)
    except KeyboardInterrupt:
        pass
    except BrokenPipeError:
        # What is still buffered must go somewhere when the process ends.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _print(lines: Sequence[str], out: IO[str]) -> None:
    """Not by rich, which ends the process where nobody reads."""
    for line in lines:
        echo(Text.from_markup(line).plain, file=out)
    echo(file=out)


def _seen(look: Callable[[], Sequence[str]]) -> Sequence[str]:
    try:
        return look()
    except (psycopg.Error, DatabaseUnavailable) as problem:
        return [f"[red]{escape(one_line(problem))}[/red]"]
