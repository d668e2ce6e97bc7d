"""The numbered SQL files: list and read them, and create a new pair from the template."""

import hashlib
import re
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import migrations
from database.errors import MigrationMisnamed, RollbackMissing

DIRECTORY = Path(migrations.__file__).parent

_FORWARD = re.compile(r"(\d{4})_([a-z0-9]+(?:_[a-z0-9]+)*)\.sql")
_ROLLBACK = ".rollback.sql"
# plpgsql's own BEGIN has no semicolon.
_TRANSACTION = re.compile(
    rb"^\s*(begin|commit|rollback|start\s+transaction)(\s+(work|transaction))?\s*;",
    re.IGNORECASE | re.MULTILINE,
)
_OUTSIDE_BODIES = re.compile(rb"\$(\w*)\$.*?\$\1\$", re.DOTALL)

_COMMENT = re.compile(rb"^--[^\n]*$", re.MULTILINE)
_CONCURRENT = re.compile(rb"(create(\s+unique)?|drop)\s+index\s+concurrently\b", re.IGNORECASE)


@dataclass(frozen=True)
class MigrationFile:
    """One forward file and, beside it, its rollback."""

    path: Path

    @property
    def name(self) -> str:
        """`0003_append_event`: also the migration's id in the database."""
        return self.path.stem

    @property
    def number(self) -> int:
        """The number that orders migrations."""
        return int(self.name[:4])

    @cached_property
    def body(self) -> bytes:
        """The statements, read once, so that the hashed text is the executed one."""
        return _without_transaction(self.path)

    @property
    def concurrent(self) -> list[bytes]:
        """The statements of a file that creates or drops indexes concurrently, each to be executed alone and
        outside of a transaction; empty for any other file. Raises: MigrationMisnamed."""
        return _concurrent(self.path.name, self.body)

    @property
    def sha256(self) -> str:
        """Hex digest of the forward file."""
        return hashlib.sha256(self.body).hexdigest()

    @property
    def rollback_path(self) -> Path:
        """The path of its rollback."""
        return self.path.with_name(self.name + _ROLLBACK)

    def rollback(self) -> bytes:
        """The statements that undo it. Raises: RollbackMissing."""
        if not self.rollback_path.exists():
            raise RollbackMissing(self.name)
        return _without_transaction(self.rollback_path)


def read(directory: Path = DIRECTORY) -> list[MigrationFile]:
    """Every migration, lowest number first. Raises: MigrationMisnamed."""
    by_number: dict[int, MigrationFile] = {}
    for path in sorted(directory.glob("*.sql")):
        if path.name.endswith(_ROLLBACK):
            if not path.with_name(path.name.removesuffix(_ROLLBACK) + ".sql").exists():
                raise MigrationMisnamed(f"{path.name} undoes nothing: its forward file is missing")
            continue
        if not _FORWARD.fullmatch(path.name):
            raise MigrationMisnamed(f"{path.name}: expected a name like 0007_add_index.sql")
        one = MigrationFile(path)
        if one.number in by_number:
            raise MigrationMisnamed(
                f"{path.name} and {by_number[one.number].path.name} have the same number; "
                "renumber the one that was never applied"
            )
        by_number[one.number] = one
    return list(by_number.values())


def new(name: str, directory: Path = DIRECTORY) -> tuple[Path, Path]:
    """Write the next numbered pair of files from the template; returns forward and rollback."""
    slug = re.sub(r"[^a-z0-9]+", "_", name.lower()).strip("_")
    if not slug:
        raise MigrationMisnamed(f"{name!r} is not usable as a file name; use words, as in 'add plan index'")
    number = max((one.number for one in read(directory)), default=0) + 1
    forward = directory / f"{number:04}_{slug}.sql"
    rollback = directory / f"{number:04}_{slug}{_ROLLBACK}"
    forward.write_text(_FORWARD_TEMPLATE, encoding="utf-8")
    rollback.write_text(_ROLLBACK_TEMPLATE.format(forward=forward.name), encoding="utf-8")
    return forward, rollback


def _without_transaction(path: Path) -> bytes:
    text = path.read_bytes()
    outside = _OUTSIDE_BODIES.sub(b"", text)
    match = _TRANSACTION.search(outside)
    if match:
        word = match[1].decode().upper()
        raise MigrationMisnamed(
            f"{path.name} has {word}; the runner gives each file one transaction, so remove it"
        )
    return text


def _concurrent(name: str, body: bytes) -> list[bytes]:
    statements = [part.strip() for part in _COMMENT.sub(b"", body).split(b";") if part.strip()]
    concurrent = [one for one in statements if _CONCURRENT.match(one)]
    if concurrent and len(concurrent) < len(statements):
        raise MigrationMisnamed(
            f"{name} has CONCURRENTLY beside other statements; each such file has no other statement, "
            "because it runs outside of a transaction"
        )
    return concurrent


_FORWARD_TEMPLATE = """\
-- Why: what was wrong or missing without this change.
-- One change, safe while the old code still serves, nothing newer than PostgreSQL 15. A new table:
-- ALTER TABLE … ENABLE ROW LEVEL SECURITY, and a line in rights.toml. No BEGIN or COMMIT. An index
-- on a large table:
-- DROP INDEX CONCURRENTLY IF EXISTS and CREATE INDEX CONCURRENTLY in a file of their own.
-- Afterwards: make manifest.
"""

_ROLLBACK_TEMPLATE = """\
-- Undoes {forward}; what rows it loses, and why that is right.
"""
