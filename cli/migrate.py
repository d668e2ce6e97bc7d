"""`tenure migrate`: move the schema up and down, and say where it stands."""

from dataclasses import asdict

import click

from cli.errors import Difference
from cli.output import console, emit_json, emit_table, json_option
from cli.wiring import command_settings, server
from database import migrations
from database.migrations import State


@click.group()
def migrate() -> None:
    """Move the schema up and down."""


@migrate.command()
@click.argument("target", required=False)
def up(target: str | None) -> None:
    """Apply what is pending, or only up to and with TARGET."""
    with server(command_settings(), say=_say) as conninfo:
        names = migrations.up(conninfo, target=target, say=_say)
    _say(f"{len(names)} applied" if names else "nothing to apply")


@migrate.command()
@click.option("--steps", type=click.IntRange(min=1), default=1, show_default=True)
@click.confirmation_option(prompt="Rolling back drops tables and what is in them. Go on?", help="Do not ask.")
def down(steps: int) -> None:
    """Roll the last migrations back, newest first."""
    with server(command_settings(), say=_say) as conninfo:
        names = migrations.down(conninfo, steps=steps, say=_say)
    _say(f"{len(names)} rolled back" if names else "nothing to roll back")


@migrate.command()
@json_option
def status(*, as_json: bool) -> None:
    """Every migration and where it stands; exit 1 unless all are applied as they are."""
    with server(command_settings()) as conninfo:
        found = migrations.status(conninfo)
    if as_json:
        emit_json([asdict(one) for one in found])
    else:
        columns = ("name", "state", "applied_at", "has_rollback", "baseline")
        emit_table([asdict(one) for one in found], columns, empty="no migrations")
    wrong = [one for one in found if one.state is not State.APPLIED]
    if wrong:
        raise Difference(f"{len(wrong)} not applied as they are, first {wrong[0].name}")


@migrate.command()
@click.argument("name")
def new(name: str) -> None:
    """Write the next numbered pair of files, migration and rollback."""
    for path in migrations.new(name):
        _say(f"wrote {path}")


def _say(text: str) -> None:
    console().print(text, markup=False)
