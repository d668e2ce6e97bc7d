"""Errors of connections, the embedded server and migrations."""

from pathlib import Path


class DatabaseError(Exception):
    """Base of this package's errors; the message is one line for people."""


class DatabaseUnavailable(DatabaseError):
    """No connection. Start the server, or correct DATABASE_URL."""

    def __init__(self, place: str, reason: str) -> None:
        super().__init__(
            f"cannot reach PostgreSQL at {place}: {reason}; "
            "start it or correct DATABASE_URL (tenure config check)"
        )
        self.place = place
        self.reason = reason


class SessionShared(DatabaseError):
    """A pooler in transaction mode, where a session is needed. Connect directly."""

    def __init__(self, place: str) -> None:
        super().__init__(
            f"the pooler at {place} shares sessions between transactions, and this needs a dedicated one: "
            "set DATABASE_URL to the direct connection, or to a pooler in session mode"
        )
        self.place = place


class RoleShared(DatabaseError):
    """A pooler in transaction mode, and a login whose own role is another one."""

    def __init__(self, place: str, role: str) -> None:
        super().__init__(
            f"the pooler at {place} shares sessions between transactions, so SET ROLE affects other clients: "
            f"use a login whose own role is {role} (docs/deployment.md, pgbouncer), or the direct connection"
        )
        self.place, self.role = place, role


class PoolerBetween(DatabaseError):
    """A pooler in any mode. Connect directly."""

    def __init__(self, place: str) -> None:
        super().__init__(
            f"a pooler answers at {place}, and this needs connection settings that a pooler may drop: "
            "set DATABASE_URL to the direct connection"
        )
        self.place = place


class EmbeddedServerFailed(DatabaseError):
    """The embedded PostgreSQL did not start or stop. The message names its log."""


class NoDatabase(DatabaseError):
    """DATABASE_URL is not set and the data directory has no database. Correct either, or create one."""

    def __init__(self, data_dir: Path) -> None:
        super().__init__(
            f"expected a database, found none: DATABASE_URL is not set and {data_dir} has none; "
            "change to its directory, set DATABASE_URL or TENURE_DATA_DIR, or create one: tenure run"
        )
        self.data_dir = data_dir


class RestoreUnfinished(DatabaseError):
    """A restore into this database is running or unfinished. Finish it."""


class MigrationError(DatabaseError):
    """Base of the migration runner's errors; the refused step changed nothing."""


class MigrationEdited(MigrationError):
    """An applied migration's file was edited. Restore it, and put the change into a new migration."""

    def __init__(self, name: str, applied: str, present: str) -> None:
        super().__init__(
            f"{name} was edited after it was applied "
            f"(applied sha256 {applied[:12]}…, found {present[:12]}…); "
            "restore the file and put the change into a new migration (tenure migrate new)"
        )
        self.name = name
        self.applied = applied
        self.found = present


class MigrationUnknown(MigrationError):
    """The database is ahead of this code. Install the release that has the migration."""

    def __init__(self, names: list[str]) -> None:
        super().__init__(
            f"the database has {', '.join(names)}, which this installation lacks; "
            "install the release that has it"
        )
        self.names = names


class MigrationFailed(MigrationError):
    """The server refused a migration; its transaction was rolled back."""

    def __init__(self, name: str, reason: str) -> None:
        super().__init__(f"{name} failed and was rolled back: {reason}")
        self.name = name
        self.reason = reason


class MigrationMisnamed(MigrationError):
    """A file in migrations/ does not follow NNNN_name.sql, or its number is taken."""


class RollbackMissing(MigrationError):
    """A migration has no rollback file. Write NNNN_name.rollback.sql."""

    def __init__(self, name: str) -> None:
        super().__init__(f"{name} has no rollback: write migrations/{name}.rollback.sql")
        self.name = name


class MigrationLocked(MigrationError):
    """Another process has the migration lock. Let it finish, then run this again."""

    def __init__(self, waited_s: float) -> None:
        super().__init__(
            f"another process has been migrating for more than {waited_s:.0f} s; "
            "let it finish, then run this again"
        )
        self.waited_s = waited_s


class RightsDiffer(MigrationError):
    """A role has other rights than migrations/rights.toml lists, and this login may not change them."""

    def __init__(self, difference: str, owner: str) -> None:
        super().__init__(
            f"expected the rights that migrations/rights.toml lists, found: {difference}; "
            f"this login may not change them: run tenure migrate up as {owner}"
        )
        self.found = difference
        self.owner = owner


class SchemaDiffers(MigrationError):
    """The schema differs from the one the migrations create. Nothing was marked."""

    def __init__(self, differences: list[str]) -> None:
        shown = "; ".join(differences[:5])
        more = f" and {len(differences) - 5} more" if len(differences) > 5 else ""
        super().__init__(f"the schema differs from the migrations': {shown}{more}")
        self.differences = differences
