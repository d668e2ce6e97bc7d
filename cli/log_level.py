"""`tenure log-level`: change the log level of running processes."""

from dataclasses import asdict
from datetime import datetime, timedelta

import click

from cli.caller import person
from cli.errors import Failure
from cli.output import console, emit_json, emit_table, instant, json_option
from cli.parameters import FILLED_TEXT
from cli.terminal import echo
from events.clock import utc_now
from handlers.configuration import LEVELS, log_levels, set_log_level
from handlers.configuration_keys import ConfigurationRefused, seconds_of
from service.decision_clocks import decision_now
from service.log_levels import NAMES, is_known
from service.wiring import command_settings, session

MAX_S = 366 * 86_400


@click.command("log-level")
@click.argument("logger", required=False)
@click.argument("level", required=False, metavar="LEVEL", type=click.Choice(LEVELS, case_sensitive=False))
@click.option("--for", "for_", metavar="DURATION", help="Duration: 90s, 30m, 12h, 7d; default: no end.")
@click.option("--reset", is_flag=True, help="Return to the level of LOG_LEVEL.")
@click.option("--reason", type=FILLED_TEXT, help="Reason, stored with the event.")
@json_option
def log_level(
    *,
    logger: str | None,
    level: str | None,
    for_: str | None,
    reset: bool,
    reason: str | None,
    as_json: bool,
) -> None:
    """Show or change the log level of running processes. LOGGER `root` stands for all loggers.

    Without a logger it lists the levels in force. Processes follow within five seconds. An unknown name
    is accepted, since a library may log under it, with a warning that names the known ones.
    """
    if logger is None:
        _list(as_json=as_json)
        return
    if (level is None) != reset:
        raise click.UsageError(_missing(logger, level))
    try:
        with session(command_settings()) as conn:
            now = decision_now(conn)
            until = now if reset else _until(for_, now)
            override = set_log_level(
                conn,
                logger,
                (level or "INFO").upper(),
                now=now,
                actor=person().name,
                until=until,
                reason=reason,
            )
    except ConfigurationRefused as refused:
        raise Failure(str(refused)) from None
    if not reset and not is_known(logger):
        names = ", ".join(("root", *NAMES))
        echo(f"tenure: stored, but {logger!r} is not a known logger; known are {names}", err=True)
    if as_json:
        emit_json(override.model_dump())
        return
    how_long = "" if until is None else f" until {instant(until)}"
    what = "back to its default level" if reset else f"{override.level}{how_long}"
    console().print(f"{logger}: {what}; running processes follow within 5 seconds", markup=False)


def _missing(logger: str, level: str | None) -> str:
    if level is None and logger.upper() in LEVELS:
        return f"expected a logger before the level: tenure log-level root {logger.upper()}"
    return "expected either a LEVEL or --reset."


def _list(*, as_json: bool) -> None:
    with session(command_settings()) as conn:
        rows = [asdict(level) for level in log_levels(conn, now=utc_now())]
    if as_json:
        emit_json(rows)
    else:
        emit_table(rows, ("logger", "level", "until"), empty="every logger has its default level")


def _until(for_: str | None, now: datetime) -> datetime | None:
    if for_ is None:
        return None
    try:
        seconds = seconds_of(for_)
    except ConfigurationRefused as refused:
        raise click.BadParameter(str(refused), param_hint="--for") from None
    if not 0 < seconds <= MAX_S:
        raise click.BadParameter("expected more than 0 s and at most 366d", param_hint="--for")
    return now + timedelta(seconds=seconds)
