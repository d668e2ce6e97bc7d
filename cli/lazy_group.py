"""Commands imported on first use, and errors printed in one line."""

import os
import sys
import traceback
from collections.abc import Mapping, Sequence
from importlib import import_module
from typing import Any, NamedTuple

import click

from cli.errors import exit_code, one_line
from cli.terminal import echo
from events.child_processes import Stopped, stop_on_signals
from events.text import storable


class CommandEntry(NamedTuple):
    """A command's target (`module:name`) and its line in `tenure --help`."""

    target: str
    help: str


class LazyGroup(click.Group):
    """Imports a command when it is called; `--help` reads only the table."""

    entries: Mapping[str, CommandEntry]

    def __init__(self, *args: Any, **kwargs: Any) -> None:  # Any: click's own arguments
        super().__init__(*args, **kwargs)
        self.entries = {}

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(self.entries)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        entry = self.entries.get(cmd_name)
        if entry is None:
            return None
        module, _, name = entry.target.partition(":")
        command = getattr(import_module(module), name)
        assert isinstance(command, click.Command)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl([(name, entry.help) for name, entry in self.entries.items()])


class TenureGroup(LazyGroup):
    """The `tenure` group: an error is one line on stderr and an exit code; --debug adds its traceback."""

    def main(
        self,
        args: Sequence[str] | None = None,
        prog_name: str | None = None,
        complete_var: str | None = None,
        standalone_mode: bool = True,
        **extra: Any,  # Any: click's own arguments
    ) -> Any:  # Any: click's own result when it is not standalone
        arguments = [storable(argument) for argument in (sys.argv[1:] if args is None else args)]
        if not standalone_mode:
            return super().main(arguments, prog_name, complete_var, False, **extra)
        debug = _take_debug(arguments)
        os.umask(os.umask(0o077) | 0o077)  # files that commands write contain personal data or secrets
        stop_on_signals()
        try:
            code = super().main(arguments, prog_name or "tenure", complete_var, False, obj=debug, **extra)
        except Exception as error:
            if debug and not isinstance(error, click.UsageError | click.Abort):
                show_where(error)
            code = _report(error)
        except KeyboardInterrupt:
            code = _report(click.Abort())
        except Stopped as stopped:
            echo(f"tenure: stopped by {stopped.signal.name}", err=True)
            raise
        sys.exit(code if isinstance(code, int) else 0)


def debugging() -> bool:
    """True if the running command has --debug."""
    return click.get_current_context().find_object(bool) or False


def _take_debug(args: list[str]) -> bool:
    """Remove --debug from the arguments before a `--`; returns whether it was there."""
    options = args[: args.index("--")] if "--" in args else args
    is_given = "--debug" in options
    while "--debug" in args[: len(options)]:
        args.remove("--debug")
    return is_given


def show_where(error: Exception) -> None:
    """Print the traceback, including causes that `from None` hides."""
    cause: BaseException | None = error
    while cause is not None:
        cause.__suppress_context__ = cause.__cause__ is not None
        cause = cause.__cause__ or cause.__context__
    traceback.print_exception(error)


def _report(error: Exception) -> int:
    if isinstance(error, click.exceptions.NoArgsIsHelpError):
        error.show()
    else:
        echo(one_line(error), err=True)
    return exit_code(error)
