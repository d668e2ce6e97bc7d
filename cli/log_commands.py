"""`tenure events export` and `import`: move the whole log, byte for byte, to another database."""

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
@click.option("--out", type=click.Path(path_type=Path), help="New file (.gz compresses); default: stdout.")
def export_log(*, form: str, out: Path | None) -> None:
    """Export the whole log with salts, seals and evidence. The file moves the log; keep it private.

    To read events use `GET /api/events/export`, which omits salts and records the reader.
    """
    del form  # the only one
    if out is None and sys.stdout.isatty():
        raise click.UsageError("expected --out FILE, or stdout in a pipe: salts are not for a terminal.")
    with server(command_settings()) as conninfo, bar("exporting", None) as advance:
        rows = write_archive(conninfo, out, LOG, kind="log", extra={}, on_progress=advance)
    where = "" if out is None else f" to {out}"
    events, seals = rows.get("events", 0), rows.get("log_checkpoints", 0)
    _print_note(f"{counted(events, 'event')} and {counted(seals, 'signed checkpoint')} written{where}")


@click.command("import")
@click.argument("file", type=click.Path(path_type=Path, exists=True, dir_okay=False))
@click.option("--dry-run", is_flag=True, help="Check the whole file against this log; change nothing.")
@json_option
def import_events(*, file: Path, dry_run: bool, as_json: bool) -> None:
    """Import an exported log into this database.

    Ids, positions, times, salts and digests stay as they were.

    The log here must be empty, or a beginning of the one in FILE: then only the rest is added.
    Afterwards `tenure replay` or a running `tenure work` builds the tables.
    """
    with server(command_settings(), locks=True) as conninfo, stages(file.stat().st_size) as advance:
        imported = import_log(conninfo, file, dry_run=dry_run, on_progress=advance)
    counts = {
        "events": imported.events,
        "imported": imported.new,
        "already_here": imported.present,
        "erased_since": len(imported.erased_since),
    } | ({"dry_run": True} if dry_run else {})
    if as_json:
        emit_json(counts)
        return
    erased = f", {len(imported.erased_since)} erased as in the file" if imported.erased_since else ""
    present = counted(imported.present, "was", "were")
    done = "would be imported" if dry_run else "imported"
    _print_note(f"{counted(imported.new, 'event')} {done}, {present} present{erased}; all digests are valid")
    if imported.new and not dry_run:
        _print_note("next: tenure replay builds the tables, tenure audit verify --key … verifies the log")


def _print_note(text: str) -> None:
    console(stderr=True).print(text, markup=False)
