"""Errors of the command line, and any error as one line."""

import click

from handlers.errors import UnusableInstant
from queries.errors import BadCursor, InTheFuture, UnknownColumn

OUR_PACKAGES = frozenset(
    {
        "settings",
        "database",
        "events",
        "projections",
        "handlers",
        "queries",
        "webhooks",
        "jobs",
        "providers",
        "outbound",
        "api",
        "console",
        "service",
        "archive",
        "demo",
        "cli",
    }
)


# Arguments that only a query or a decision can judge.
WRONG_USAGE = (BadCursor, InTheFuture, UnknownColumn, UnusableInstant)
USAGE = click.UsageError.exit_code


class Failure(click.ClickException):
    """The command failed; the message names the next step. Exit 1."""

    exit_code = 1


class DifferenceFound(Failure):
    """The command did its work and found a difference. Exit 1."""


def exit_code(error: Exception) -> int:
    """2 for wrong usage, 1 for a failure."""
    if isinstance(error, click.ClickException):
        return error.exit_code
    return USAGE if isinstance(error, WRONG_USAGE) else Failure.exit_code


def one_line(error: Exception) -> str:
    """The error in one line for people, without a traceback."""
    if isinstance(error, click.UsageError):
        where = error.ctx.command_path if error.ctx else "tenure"
        message = _flat(error.format_message()).rstrip(".")
        stop = "" if message.endswith("?") else "."
        return f"{where}: {message}{stop} Try '{where} --help'."
    if isinstance(error, click.Abort):
        return "tenure: stopped"
    if isinstance(error, click.ClickException):
        return f"tenure: {_flat(error.format_message())}"
    package = type(error).__module__.partition(".")[0]
    if package in OUR_PACKAGES:
        return f"tenure: {_flat(str(error))}"
    if package == "psycopg":
        return f"tenure: {_database(error)}"
    if isinstance(error, OSError) and error.strerror:
        if error.filename is None:
            places = "the data directory, TMPDIR or /dev/shm"
            return f"tenure: {error.strerror}; make room in {places} and make it writable, then run it again"
        return f"tenure: {error.filename}: {error.strerror}; make room or correct the path, then run it again"
    name = type(error).__name__
    return f"tenure: unexpected {name}: {_flat(str(error))}; see where with --debug"


def _database(error: Exception) -> str:
    """Only the first line of the server's message: DETAIL may contain personal data."""
    first = _flat(str(error).strip().partition("\n")[0]) or type(error).__name__
    if type(error).__name__ in {"UndefinedTable", "UndefinedColumn", "UndefinedFunction"}:
        return f"{first}; the schema is older than this version: tenure migrate up"
    if "role" in first and "does not exist" in first:
        return f"{first}; the database is not set up yet: tenure migrate up"
    return f"the database reported: {first}"


def _flat(text: str) -> str:
    return " ".join(text.split())
