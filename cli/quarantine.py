"""`tenure quarantine`: users whose history stops at an event that can't be folded."""

import click

from cli.output import emit_json, emit_table, json_option
from cli.wiring import command_settings, session
from queries.quarantine import quarantined

_COLUMNS = ("user_id", "event_id", "event_type", "occurred_at", "field", "reason")


@click.group()
def quarantine() -> None:
    """Users whose history stops at an event; everybody else goes on."""


@quarantine.command("list")
@click.option("--limit", type=click.IntRange(1, 10_000), default=100, show_default=True)
@json_option
def list_all(*, limit: int, as_json: bool) -> None:
    """Where each history stops and why, the latest first."""
    with session(command_settings()) as conn:
        found = quarantined(conn, limit=limit)
    if as_json:
        emit_json(found)
    else:
        emit_table(found, _COLUMNS, empty="nobody is quarantined")
