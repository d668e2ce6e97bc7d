"""The migrations that a database has: apply, mark and undo one at a time, under one lock.

`migration_manifest` has a row for each applied migration, written in the migration's transaction.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from time import monotonic, sleep

import psycopg
from psycopg.rows import class_row

from database.errors import MigrationFailed, MigrationLocked
from database.migration_files import MigrationFile
from database.pool import Connection, connect
from database.rights import Listed, RightChange, enforce
from events.statements import statement

# One lock for all migrations of a database: "tenure" in ASCII.
_LOCK_KEY = 0x74656E757265
_LOCK_WAIT_S = 600
_LOOK_AGAIN_S = 0.05
# A migration that waits longer for a table would block every later session on that table.
_TABLE_LOCK_WAIT_S = 10


@dataclass(frozen=True)
class Applied:
    """An applied migration."""

    migration_id: str
    applied_at: datetime
    sha256: str
    baseline: bool


class Ledger:
    """The applied migrations of one database, and the session that changes them."""

    def __init__(self, conninfo: str, rights: Listed | None = None) -> None:
        self.connection: Connection = connect(conninfo, application_name="tenure migrate", autocommit=True)
        self._rights = rights

    @contextmanager
    def lock(self, timeout: float = _LOCK_WAIT_S) -> Iterator[None]:
        """The advisory lock all runners take; the server frees it when a runner dies.

        Raises: MigrationLocked.
        """
        conn = self.connection
        until = monotonic() + timeout
        # CREATE INDEX CONCURRENTLY would wait for a session that waits inside a statement.
        while conn.execute("SELECT pg_try_advisory_lock(%s)", [_LOCK_KEY]).fetchone() != (True,):
            if monotonic() > until:
                raise MigrationLocked(timeout)
            sleep(_LOOK_AGAIN_S)
        _set(conn, "lock_timeout", f"{_TABLE_LOCK_WAIT_S}s")
        try:
            yield
        finally:
            if not conn.closed:
                conn.execute("SELECT pg_advisory_unlock(%s)", [_LOCK_KEY])

    def prepare(self) -> None:
        """Create the manifest, readable only by its owner."""
        self.connection.execute(statement("database", "create_manifest"))
        self.connection.execute(statement("database", "hold_roles"))
        if self.connection.info.server_version >= 160000:
            _set(self.connection, "createrole_self_grant", "set, inherit")  # of roles that migrations create

    def show(self) -> None:
        """Let the service read the applied migrations: it is not ready on an older schema."""
        self.connection.execute(statement("database", "open_manifest"))

    def applied(self) -> list[Applied]:
        """Every applied migration, lowest number first; changes nothing."""
        conn = self.connection
        exists = conn.execute(statement("database", "manifest_exists")).fetchone()
        if exists is None or not exists[0]:
            return []
        with conn.cursor(row_factory=class_row(Applied)) as cursor:
            return cursor.execute(statement("database", "applied_migrations")).fetchall()

    def apply(self, migration: MigrationFile) -> None:
        """Run the forward file and record it, both or neither. Raises: MigrationFailed.

        A file of concurrent statements is run first and then recorded: after a crash in between it is run
        again, so it begins by dropping what it creates.
        """
        self._run_concurrently(migration)
        with self._one_transaction(migration.name, migration.body):
            if not migration.concurrent:
                self.connection.execute(migration.body)
            self._record(migration, baseline=False)
            self.enforce_rights()

    def mark(self, migration: MigrationFile) -> None:
        """Record the migration as applied without running it."""
        self._record(migration, baseline=True)

    def undo(self, migration: MigrationFile) -> None:
        """Run the rollback file and remove the migration's record. Raises: MigrationFailed."""
        body = migration.rollback()
        with self._one_transaction(f"the rollback of {migration.name}", body):
            self.connection.execute(body)
            self.connection.execute(
                statement("database", "forget_migration"), {"migration_id": migration.name}
            )
            self.enforce_rights()

    def enforce_rights(self) -> list[RightChange]:
        """Grant every role the listed rights and revoke others; returns the changes. Raises: RightsDiffer.

        Does nothing before the first migration, which creates the roles.
        """
        if self._rights is None or not self.applied():
            return []
        with self.connection.transaction():
            return enforce(self.connection, self._rights)

    def _record(self, migration: MigrationFile, *, baseline: bool) -> None:
        self.connection.execute(
            statement("database", "record_migration"),
            {"migration_id": migration.name, "sha256": migration.sha256, "baseline": baseline},
        )

    def _run_concurrently(self, migration: MigrationFile) -> None:
        """Run them without a lock timeout: they wait for running transactions, no writer waits for them."""
        conn = self.connection
        for one in migration.concurrent:
            _set(conn, "lock_timeout", "0")
            try:
                conn.execute(one)
            except psycopg.Error as error:
                raise MigrationFailed(migration.name, _reason(error, migration.body)) from error
            finally:
                if not conn.closed:
                    _set(conn, "lock_timeout", f"{_TABLE_LOCK_WAIT_S}s")

    @contextmanager
    def _one_transaction(self, name: str, body: bytes) -> Iterator[None]:
        try:
            with self.connection.transaction():
                yield
        except psycopg.Error as error:
            raise MigrationFailed(name, _reason(error, body)) from error


def _set(conn: Connection, name: str, value: str) -> None:
    conn.execute("SELECT set_config(%s, %s, false)", [name, value])


def _reason(error: psycopg.Error, body: bytes) -> str:
    """The server's message, with the line of the file it refers to."""
    reason = error.diag.message_primary or str(error).strip().split("\n")[0]
    if error.diag.statement_position:
        before = body.decode(errors="replace")[: int(error.diag.statement_position)]
        reason += f" (line {before.count(chr(10)) + 1})"
    if isinstance(error, psycopg.errors.LockNotAvailable):
        reason += f"; a table was in use for {_TABLE_LOCK_WAIT_S} s, so run this again"
    return reason
