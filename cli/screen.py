"""One screen, drawn again and again until Ctrl-C."""

import time
from collections.abc import Callable, Sequence
from contextlib import suppress

import psycopg
from rich.console import Console, Group
from rich.live import Live
from rich.markup import escape
from rich.text import Text

from cli.errors import one_line
from cli.output import console
from database.errors import DatabaseUnavailable


def watching(
    look: Callable[[], Sequence[str]],
    *,
    every_s: float,
    on: Console | None = None,
    wait: Callable[[float], None] = time.sleep,
) -> None:
    """Show what `look` says, lines of rich's markup, every so many seconds.

    The screen before is back afterwards. A database that is away is shown as such and asked again.
    """
    with suppress(KeyboardInterrupt), Live(console=on or console(), screen=True, auto_refresh=False) as live:
        while True:
            live.update(Group(*map(Text.from_markup, _seen(look))), refresh=True)
            wait(every_s)


def _seen(look: Callable[[], Sequence[str]]) -> Sequence[str]:
    try:
        return look()
    except (psycopg.Error, DatabaseUnavailable) as problem:
        return [f"[red]{escape(one_line(problem))}[/red]"]
