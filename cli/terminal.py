"""The only way to a person's terminal: no text from outside moves its cursor, colours it or turns it around.

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
    """To a file or a pipe as it is, to a terminal as `echo` does."""
    if sys.stdout.isatty():
        text = content.decode(errors="backslashreplace") if isinstance(content, bytes) else content
        echo(text, nl=nl)
    else:
        click.echo(content, nl=nl)


def confirm(question: str) -> bool:
    """Ask on stderr. Raises: click.Abort when there is nothing to read an answer from."""
    return click.confirm(visible(question), err=True)
