"""`tenure migrate`: apply, roll back and list migrations, and adopt an existing schema."""

from contextlib import closing
from dataclasses import asdict
from functools import partial

import click

from cli.errors import DifferenceFound
from cli.output import console, emit_json, emit_table, json_option
from cli.parameters import FILLED_TEXT
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
    with server(command_settings(), report=_print, may_begin=True, locks=True) as conninfo:
        with closing(connect(conninfo, application_name="tenure-migrate")) as conn:
            restore_marker.refuse_unfinished(conn)
        names = migrations.up(conninfo, target=target, report=_print)
    _print(f"{len(names)} applied" if names else "nothing to apply")


@migrate.command()
@click.option("--steps", type=click.IntRange(min=1), default=1, show_default=True)
@click.confirmation_option(
    prompt="Rolling back drops tables and their rows. Continue?",
    help="Confirm the action without prompting.",
)
def down(steps: int) -> None:
    """Roll the last migrations back, newest first."""
    with server(command_settings(), report=_print, locks=True) as conninfo:
        names = migrations.down(conninfo, steps=steps, report=_print)
    _print(f"{len(names)} rolled back" if names else "nothing to roll back")


@migrate.command()
@json_option
def status(*, as_json: bool) -> None:
    """List migrations. Exit 1 unless all are applied and unchanged."""
    with server(command_settings()) as conninfo:
        rows = migrations.status(conninfo)
    if as_json:
        emit_json([asdict(one) for one in rows])
    else:
        columns = ("name", "state", "applied_at", "has_rollback", "baseline")
        emit_table([asdict(one) for one in rows], columns, empty="no migrations")
    wrong = [one for one in rows if one.state is not MigrationState.APPLIED]
    if wrong:
        raise DifferenceFound(f"{len(wrong)} not applied or changed since, first {wrong[0].name}")


@migrate.command()
@click.argument("target", required=False)
@click.option("--set-aside", "schema", metavar="SCHEMA", help="Move tables that differ into SCHEMA.")
@json_option
def baseline(*, target: str | None, schema: str | None, as_json: bool) -> None:
    """Adopt a schema that migrations did not create.

    Migrations are marked as applied if the schema is the one they would have created.

    The schema is compared with a temporary database on the same server; every column that differs is
    named, with the statement that corrects it. Tables of your own are left out. Rows without events can't be
    adopted: --set-aside moves such tables with their rows into another schema and then migrates; `tenure
    import legacy` creates events from them.
    """
    with server(command_settings(), locks=True) as conninfo:
        if schema is not None:
            moved = set_aside(conninfo, schema)
            _print(f"moved to {schema}: {', '.join(moved)}" if moved else "no table had to be moved")
            _print(f"{len(migrations.up(conninfo, target=target, report=_print))} applied")
            return
        differences: list[Differing] = []
        compare = partial(_compare, conninfo, target, differences)
        try:
            names = migrations.baseline(conninfo, target=target, compare=compare)
        except SchemaDiffers:
            if as_json:
                emit_json([asdict(one) for one in differences])
            else:
                emit_table([asdict(one) for one in differences], COLUMNS, empty="")
            raise DifferenceFound(summary(differences)) from None
    _print(f"{len(names)} marked as applied" if names else "nothing to mark")


@migrate.command()
@click.argument("name", type=FILLED_TEXT)
def new(name: str) -> None:
    """Write the next numbered pair of files, migration and rollback."""
    for path in migrations.new(name):
        _print(f"wrote {path}")


def _compare(
    conninfo: str, target: str | None, differences: list[Differing], conn_here: Connection
) -> list[str]:
    """Missing and different objects; other objects in the database are ignored."""
    with scratch(conninfo, "baseline") as temporary:
        migrations.up(temporary, target=target)
        with closing(connect(temporary, application_name="tenure-baseline")) as conn:
            expected = snapshot(conn)
    differences[:] = differing(expected, snapshot(conn_here))
    return [f"{one.table} {one.what}" for one in differences]


def _print(text: str) -> None:
    console().print(text, markup=False)
