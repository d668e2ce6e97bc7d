"""Output refreshed until Ctrl-C: a screen that is redrawn, or one output after the other."""

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
from events.statements import Row

Wait = Callable[[float], None]


def redraw(
    look: Callable[[], Sequence[str]],
    *,
    every_s: float,
    on: Console | None = None,
    wait: Wait = time.sleep,
) -> None:
    """Show the lines of rich's markup that `look` returns, every `every_s` seconds.

    The previous screen is restored afterwards; without a terminal, as in a pipe, the outputs follow
    each other with an empty line between. If the database is down, the output shows the error.
    """
    shown = on or console()
    if not shown.is_terminal:
        _again_and_again(lambda: _print(_seen(look), shown.file), every_s, wait)
        return
    with suppress(KeyboardInterrupt), Live(console=shown, screen=True, auto_refresh=False) as live:
        while True:
            live.update(Group(*map(Text.from_markup, _seen(look))), refresh=True)
            wait(every_s)


def stream_json(look: Callable[[], Row], *, every_s: float, wait: Wait = time.sleep) -> None:
    """Print what `look` returns as a line of JSON per `every_s` seconds; `error` if the database is down."""

    def emit() -> None:
        try:
            status = look()
        except (psycopg.Error, DatabaseUnavailable) as problem:
            status = {"error": one_line(problem)}
        emit_json_line(status)

    _again_and_again(emit, every_s, wait)


def _again_and_again(emit: Callable[[], None], every_s: float, wait: Wait) -> None:
    """Repeat until Ctrl-C or until the reader closes the pipe."""
    try:
        while True:
            emit()
            wait(every_s)
    except KeyboardInterrupt:
        pass
    except BrokenPipeError:
        # The buffered rest is flushed at exit and needs a valid descriptor.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _print(lines: Sequence[str], out: IO[str]) -> None:
    """Print without rich, which exits the process when the pipe is closed."""
    for line in lines:
        echo(Text.from_markup(line).plain, file=out)
    echo(file=out)


def _seen(look: Callable[[], Sequence[str]]) -> Sequence[str]:
    try:
        return look()
    except (psycopg.Error, DatabaseUnavailable) as problem:
        return [f"[red]{escape(one_line(problem))}[/red]"]
