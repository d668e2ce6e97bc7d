"""`tenure scale citus`: distribute the log by part over a Citus cluster, or list the obstacles."""

from contextlib import closing

import click

from cli.output import console, emit_json, json_option
from cli.scale.citus_checks import obstacles
from cli.scale.errors import NoCitus, NotDistributable
from cli.scale.layout import DISTRIBUTED, LOCAL
from cli.scale.plan import cluster, steps
from cli.terminal import echo
from database.pool import connect, place
from service.wiring import command_settings, server


@click.group()
def scale() -> None:
    """Distribute the log over several servers."""


@scale.command()
@click.option("--dry-run", is_flag=True, help="Show the statements and obstacles; change nothing.")
@json_option
def citus(*, dry_run: bool, as_json: bool) -> None:
    """Distribute the log by part on a Citus cluster. Obstacles are named; a second run changes nothing.

    Stop the service first: a table is locked while its rows move to their nodes.
    """
    with server(command_settings()) as conninfo:
        opened = connect(conninfo, application_name="tenure-scale", autocommit=True)
        with closing(opened) as conn:
            now = cluster(conn)
            blocking, todo = obstacles(conn), steps(conn, now)
            texts = [step.as_string(conn) for step in todo]
            if dry_run:
                _show(
                    place(conninfo),
                    now.is_available,
                    texts,
                    [f"{o.name}: {o.why}" for o in blocking],
                    as_json,
                )
                return
            if not now.is_available:
                raise NoCitus(place(conninfo))
            if blocking and todo:
                raise NotDistributable(blocking)
            for step in todo:
                conn.execute(step)
    if as_json:
        emit_json({"executed": texts})
    else:
        console().print(f"executed {len(texts)} statements" if texts else "distributed already")


def _show(where: str, has_citus: bool, texts: list[str], in_the_way: list[str], as_json: bool) -> None:
    if as_json:
        tables = {"distributed": dict(DISTRIBUTED), "local": dict(LOCAL)}
        emit_json({"citus": has_citus, "statements": texts, "obstacles": in_the_way, "tables": tables})
        return
    for text in texts:
        echo(f"{text};")
    if not has_citus:
        echo(f"-- the server at {where} has no Citus extension: these statements can't run there")
    for line in in_the_way:
        echo(f"-- obstacle: {line}")
