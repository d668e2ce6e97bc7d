"""The only output to a terminal: text from outside can't move its cursor, colour it or reverse it.

Commands print through `echo` or cli.output.Console; ruff refuses rich's and click's own elsewhere.
"""

import sys
from typing import IO

import click

from service.escapes import visible


def echo(text: str = "", *, err: bool = False, nl: bool = True, file: IO[str] | None = None) -> None:
    """Print text that is not rich's markup."""
    click.echo(visible(text), err=err, nl=nl, file=file)


def echo_exactly(content: str | bytes, *, nl: bool = True) -> None:
    """Print `content` unchanged to a file or pipe, and like `echo` to a terminal."""
    if sys.stdout.isatty():
        text = content.decode(errors="backslashreplace") if isinstance(content, bytes) else content
        echo(text, nl=nl)
    else:
        click.echo(content, nl=nl)


def confirm(question: str) -> bool:
    """Ask on stderr. Raises: click.Abort if stdin has no answer."""
    return click.confirm(visible(question), err=True)
