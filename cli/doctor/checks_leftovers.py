"""Leftovers of killed commands: the next run of the command, or the named one, removes them."""

import tempfile
from collections.abc import Iterable
from pathlib import Path

from archive.drafts import abandoned_drafts
from cli.doctor.findings import DoctorFinding
from cli.temporary_database import abandoned as abandoned_databases
from database.pool import Connection
from database.scratch_folder import abandoned as abandoned_folders
from events.statements import statement
from projections.replay.leftovers import FOLDER
from service.run_locks import has_leftovers
from service.web.server_counts import PREFIX
from settings import Settings


def leftover_checks(conn: Connection, settings: Settings) -> list[DoctorFinding]:
    """One finding per kind of leftover; one `ok` finding if there is none."""
    kinds = (
        (
            "run",
            ["processes of a killed tenure run"] if has_leftovers(settings.data_dir) else [],
            "tenure run",
        ),
        ("backup", _drafts(settings), "remove them, or run tenure backup into that folder"),
        ("replay", _rebuilds(conn, settings), "tenure replay"),
        ("database", abandoned_databases(conn), "tenure db bench, or DROP DATABASE"),
        ("counts", _names(abandoned_folders(PREFIX, Path(tempfile.gettempdir()))), "tenure serve"),
    )
    findings = [
        DoctorFinding("warn", f"leftovers of {kind}", f"a killed command left {', '.join(names)}", fix)
        for kind, names, fix in kinds
        if names
    ]
    return findings or [DoctorFinding("ok", "leftovers", "none")]


def _drafts(settings: Settings) -> list[str]:
    folders = {Path.cwd(), settings.data_dir.absolute()}
    return _names(path for folder in sorted(folders) for path in abandoned_drafts(folder))


def _rebuilds(conn: Connection, settings: Settings) -> list[str]:
    """Tables and files of a replay or a check, unless one is running."""
    rows = conn.execute(statement("cli", "unfinished_rebuilds")).fetchall()
    is_running = any(running for _, running in rows)
    files = [] if is_running else (settings.data_dir / "replay").glob(f"{FOLDER}*")
    return [] if is_running else [*(f"schema {name}" for name, _ in rows if name), *_names(files)]


def _names(paths: Iterable[Path]) -> list[str]:
    return [str(path) for path in paths]
