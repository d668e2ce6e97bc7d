"""`tenure migrate`: move the schema up and down, and say where it stands."""

from contextlib import closing
from dataclasses import asdict
from functools import partial

import click

from cli.errors import DifferenceFound
from cli.output import console, emit_json, emit_table, json_option
from cli.schema_diff import COLUMNS, Differing, differing, set_aside, summary
from cli.temporary_database import scratch
from database import migrations, restore_marker
from database.errors import SchemaDiffers
from database.migrations import MigrationState
from database.pool import Connection, connect
from database.schema import snapshot
from service.wiring import command_settings, server


@click.group()
def migrate() -> None:
    """Apply, roll back and list migrations."""


@migrate.command()
@click.argument("target", required=False)
def up(target: str | None) -> None:
    """Apply pending migrations, or those up to and including TARGET."""
    with server(command_settings(), say=_say, may_begin=True, locks=True) as conninfo:
        with closing(connect(conninfo, application_name="tenure-migrate")) as conn:
            restore_marker.refuse_unfinished(conn)
        names = migrations.up(conninfo, target=target, say=_say)
    _say(f"{len(names)} applied" if names else "nothing to apply")


@migrate.command()
@click.option("--steps", type=click.IntRange(min=1), default=1, show_default=True)
@click.confirmation_option(
    prompt="Rolling back drops tables and what is in them. Go on?",
    help="Confirm the action without prompting.",
)
def down(steps: int) -> None:
    """Roll the last migrations back, newest first."""
    with server(command_settings(), say=_say, locks=True) as conninfo:
        names = migrations.down(conninfo, steps=steps, say=_say)
    _say(f"{len(names)} rolled back" if names else "nothing to roll back")


@migrate.command()
@json_option
def status(*, as_json: bool) -> None:
    """List migrations. Exit 1 unless all are applied and unchanged."""
    with server(command_settings()) as conninfo:
        found = migrations.status(conninfo)
    if as_json:
        emit_json([asdict(one) for one in found])
    else:
        columns = ("name", "state", "applied_at", "has_rollback", "baseline")
        emit_table([asdict(one) for one in found], columns, empty="no migrations")
    wrong = [one for one in found if one.state is not MigrationState.APPLIED]
    if wrong:
        raise DifferenceFound(f"{len(wrong)} not applied as they are, first {wrong[0].name}")


@migrate.command()
@click.argument("target", required=False)
@click.option("--set-aside", "schema", metavar="SCHEMA", help="Move tables that differ into SCHEMA.")
@json_option
def baseline(*, target: str | None, schema: str | None, as_json: bool) -> None:
    """Adopt a schema that migrations did not make.

    Migrations are marked as applied if the schema is what they would have made.

    The schema is compared with a temporary database on the same server; every column that differs is
    named, with the statement that corrects it. Tables of your own are left out. Rows without events can't be
    adopted: --set-aside moves such tables with their rows into another schema and then migrates; `tenure
    import legacy` creates events from them.
    """
    with server(command_settings(), locks=True) as conninfo:
        if schema is not None:
            moved = set_aside(conninfo, schema)
            _say(f"moved to {schema}: {', '.join(moved)}" if moved else "nothing is in the way")
            _say(f"{len(migrations.up(conninfo, target=target, say=_say))} applied")
            return
        told: list[Differing] = []
        compare = partial(_compare, conninfo, target, told)
        try:
            names = migrations.baseline(conninfo, target=target, compare=compare)
        except SchemaDiffers:
            if as_json:
                emit_json([asdict(one) for one in told])
            else:
                emit_table([asdict(one) for one in told], COLUMNS, empty="")
            raise DifferenceFound(summary(told)) from None
    _say(f"{len(names)} marked as applied" if names else "nothing to mark")


@migrate.command()
@click.argument("name")
def new(name: str) -> None:
    """Write the next numbered pair of files, migration and rollback."""
    for path in migrations.new(name):
        _say(f"wrote {path}")


def _compare(conninfo: str, target: str | None, told: list[Differing], found: Connection) -> list[str]:
    """What is missing or made differently; what is there besides is none of ours."""
    with scratch(conninfo, "baseline") as made:
        migrations.up(made, target=target)
        with closing(connect(made, application_name="tenure-baseline")) as conn:
            expected = snapshot(conn)
    told[:] = differing(expected, snapshot(found))
    return [f"{one.table} {one.what}" for one in told]


def _say(text: str) -> None:
    console().print(text, markup=False)
