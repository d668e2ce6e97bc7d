"""Apply the numbered SQL files of migrations/, one transaction each, under one lock.

The database stores the checksum of every applied file: an edited file is refused.
"""

from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from pathlib import Path

from database import rights
from database.errors import MigrationEdited, MigrationError, MigrationUnknown, SchemaDiffers
from database.migration_files import DIRECTORY, MigrationFile, new, read
from database.migration_log import Applied, Ledger
from database.pool import Connection

__all__ = ["DIRECTORY", "MigrationState", "MigrationStatus", "baseline", "down", "new", "status", "up"]

Report = Callable[[str], None]


class MigrationState(StrEnum):
    """State of a migration."""

    APPLIED = "applied"
    PENDING = "pending"
    EDITED = "edited"
    UNKNOWN = "unknown"


@dataclass(frozen=True)
class MigrationStatus:
    """One line of `tenure migrate status`."""

    name: str
    state: MigrationState
    applied_at: datetime | None
    has_rollback: bool
    baseline: bool = False


def _silent(_: str) -> None:
    pass


def up(
    conninfo: str, *, target: str | None = None, directory: Path = DIRECTORY, report: Report = _silent
) -> list[str]:
    """Apply pending migrations up to and including `target`; returns their names.

    Rights that migrations/rights.toml does not list are revoked first.
    Raises: MigrationEdited, MigrationUnknown, MigrationFailed, MigrationLocked, RightsDiffer.
    """
    files = _until(read(directory), target)
    with _locked(conninfo, directory) as ledger:
        applied = _verified(ledger, directory)
        for line in rights.summary(ledger.enforce_rights()):
            report(line)
        pending = [one for one in files if one.name not in applied]
        try:
            for one in pending:
                report(f"applying {one.name}")
                ledger.apply(one)
        finally:
            ledger.show()
    return [one.name for one in pending]


def down(
    conninfo: str, *, steps: int = 1, directory: Path = DIRECTORY, report: Report = _silent
) -> list[str]:
    """Roll the last migrations back, newest first; returns their names.

    Raises: RollbackMissing before anything is changed, else as `up`.
    """
    if steps < 1:
        raise MigrationError(f"expected at least 1 step, found {steps}")
    with _locked(conninfo, directory) as ledger:
        applied = _verified(ledger, directory)
        last = [one for one in reversed(read(directory)) if one.name in applied][:steps]
        for one in last:
            one.rollback()
        for one in last:
            report(f"rolling back {one.name}")
            ledger.undo(one)
    return [one.name for one in last]


def baseline(
    conninfo: str,
    *,
    target: str | None = None,
    directory: Path = DIRECTORY,
    compare: Callable[[Connection], list[str]] | None = None,
) -> list[str]:
    """Mark migrations as applied without running them; returns the names marked.

    `compare` returns the differences between the schema and the one the files would create.
    Raises: SchemaDiffers, else as `up`.
    """
    files = _until(read(directory), target)
    with _locked(conninfo, directory) as ledger:
        applied = _verified(ledger, directory)
        differing = compare(ledger.connection) if compare else []
        if differing:
            raise SchemaDiffers(differing)
        pending = [one for one in files if one.name not in applied]
        for one in pending:
            ledger.mark(one)
        ledger.enforce_rights()
        ledger.show()
    return [one.name for one in pending]


def status(conninfo: str, *, directory: Path = DIRECTORY) -> list[MigrationStatus]:
    """Every migration of the files and of the database, lowest number first; changes nothing."""
    files = {one.name: one for one in read(directory)}
    with _open(conninfo, directory) as ledger:
        applied = {one.migration_id: one for one in ledger.applied()}
    return [_status(name, files.get(name), applied.get(name)) for name in sorted({*files, *applied})]


def names(*, directory: Path = DIRECTORY) -> frozenset[str]:
    """Names of all migrations of this installation."""
    return frozenset(one.name for one in read(directory))


def _status(name: str, file: MigrationFile | None, applied: Applied | None) -> MigrationStatus:
    if applied is None:
        state = MigrationState.PENDING
    elif file is None:
        state = MigrationState.UNKNOWN
    else:
        state = MigrationState.APPLIED if applied.sha256 == file.sha256 else MigrationState.EDITED
    return MigrationStatus(
        name=name,
        state=state,
        applied_at=applied.applied_at if applied else None,
        has_rollback=file is not None and file.rollback_path.exists(),
        baseline=applied is not None and applied.baseline,
    )


def _verified(ledger: Ledger, directory: Path) -> set[str]:
    """The applied names, after checking that their files are unchanged."""
    files = {one.name: one for one in read(directory)}
    applied = ledger.applied()
    unknown = [one.migration_id for one in applied if one.migration_id not in files]
    if unknown:
        raise MigrationUnknown(unknown)
    for one in applied:
        file = files[one.migration_id]
        if one.sha256 != file.sha256:
            raise MigrationEdited(file.path.name, one.sha256, file.sha256)
    return {one.migration_id for one in applied}


def _until(files: list[MigrationFile], target: str | None) -> list[MigrationFile]:
    if target is None:
        return files
    for index, one in enumerate(files):
        if target in (one.name, one.name[:4], str(one.number)):
            return files[: index + 1]
    raise MigrationError(f"no migration {target}; tenure migrate status lists them")


@contextmanager
def _open(conninfo: str, directory: Path) -> Iterator[Ledger]:
    ledger = Ledger(conninfo, rights.listed(directory))
    with closing(ledger.connection):
        yield ledger


@contextmanager
def _locked(conninfo: str, directory: Path) -> Iterator[Ledger]:
    with _open(conninfo, directory) as ledger, ledger.lock():
        ledger.prepare()
        yield ledger
