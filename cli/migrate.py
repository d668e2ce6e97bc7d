"""`tenure migrate`: move the schema up and down, and say where it stands."""

from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import asdict
from functools import partial

import click
from psycopg import sql
from psycopg.conninfo import make_conninfo

from cli.errors import Difference
from cli.output import console, emit_json, emit_table, json_option
from cli.wiring import command_settings, server
from database import migrations
from database.migrations import State
from database.pool import Connection, connect
from database.schema import differences, snapshot
from events.identifiers import uuid7


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
@click.argument("target", required=False)
def baseline(target: str | None) -> None:
    """Adopt a schema made by hand: mark migrations as applied, if it is what they would have made.

    Compares with a database made for the moment on the same server. Your own tables do not matter.
    """
    with server(command_settings()) as conninfo:
        names = migrations.baseline(conninfo, target=target, compare=partial(_differences, conninfo, target))
    _say(f"{len(names)} marked as applied" if names else "nothing to mark")


@migrate.command()
@click.argument("name")
def new(name: str) -> None:
    """Write the next numbered pair of files, migration and rollback."""
    for path in migrations.new(name):
        _say(f"wrote {path}")


def _differences(conninfo: str, target: str | None, found: Connection) -> list[str]:
    """What is missing or made differently; what is there besides is none of ours."""
    with _scratch(conninfo) as scratch:
        migrations.up(scratch, target=target)
        with closing(connect(scratch, application_name="tenure-baseline")) as conn:
            expected = snapshot(conn)
    ours = {name: made for name, made in snapshot(found).items() if name in expected}
    return differences(expected, ours)


@contextmanager
def _scratch(conninfo: str) -> Iterator[str]:
    """An empty database on the same server, for a moment."""
    name = f"tenure_baseline_{uuid7().hex[-12:]}"
    create = sql.SQL("CREATE DATABASE {} TEMPLATE template0").format(sql.Identifier(name))
    drop = sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name))
    with closing(connect(conninfo, application_name="tenure-baseline", autocommit=True)) as conn:
        conn.execute(create)
        try:
            yield make_conninfo(conninfo, dbname=name)
        finally:
            conn.execute(drop)


def _say(text: str) -> None:
    console().print(text, markup=False)
