"""`tenure events export` and `import`: the whole log from one database to another, to the byte."""

import sys
from pathlib import Path

import click

from archive.log_import import import_log
from archive.tables import LOG
from archive.writer import write_archive
from cli.output import console, emit_json, json_option
from cli.progress import bar, stages
from queries.pluralize import counted
from service.wiring import command_settings, server


@click.command("export")
@click.option("--format", "form", type=click.Choice(["jsonl"]), default="jsonl", show_default=True)
@click.option("--out", type=click.Path(path_type=Path), help="A new file; .gz compresses. Else stdout.")
def export_log(*, form: str, out: Path | None) -> None:
    """Export the whole log with salts, seals and evidence. The file moves the log; keep it private.

    To read events use `GET /api/events/export`, which leaves salts out and notes who read.
    """
    del form  # there is one
    if out is None and sys.stdout.isatty():
        raise click.UsageError("expected --out FILE, or stdout in a pipe: salts are not for a screen.")
    with server(command_settings()) as conninfo, bar("exporting", None) as told:
        rows = write_archive(conninfo, out, LOG, kind="log", said={}, heard=told)
    where = "" if out is None else f" to {out}"
    events, seals = rows.get("events", 0), rows.get("log_checkpoints", 0)
    _say(f"{counted(events, 'event')} and {counted(seals, 'signed checkpoint')} written{where}")


@click.command("import")
@click.argument("file", type=click.Path(path_type=Path, exists=True, dir_okay=False))
@click.option("--dry-run", is_flag=True, help="Check the whole file against this log; change nothing.")
@json_option
def import_events(*, file: Path, dry_run: bool, as_json: bool) -> None:
    """Import an exported log into this database.

    Ids, positions, times, salts and digests stay as they were.

    The log here must be empty, or a beginning of the one in FILE: then only the rest is added.
    Afterwards `tenure replay` builds the tables, or `tenure work` in passing.
    """
    with server(command_settings(), locks=True) as conninfo, stages(file.stat().st_size) as heard:
        found = import_log(conninfo, file, dry_run=dry_run, heard=heard)
    told = {
        "events": found.events,
        "imported": found.new,
        "already_here": found.present,
        "erased_since": len(found.erased_since),
    } | ({"dry_run": True} if dry_run else {})
    if as_json:
        emit_json(told)
        return
    erased = f", {len(found.erased_since)} erased as they are there" if found.erased_since else ""
    present = counted(found.present, "was", "were")
    done = "would be imported" if dry_run else "imported"
    _say(f"{counted(found.new, 'event')} {done}, {present} here{erased}; all digests hold")
    if found.new and not dry_run:
        _say("next: tenure replay builds the tables, tenure audit verify --key … proves the log")


def _say(text: str) -> None:
    console(stderr=True).print(text, markup=False)
