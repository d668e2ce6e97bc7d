"""Checks of the server and the schema: reachable, migrated, guarded."""

from contextlib import closing
from datetime import timedelta

from cli.doctor.findings import DoctorFinding, either
from database import migrations, pooler, rights
from database.migrations import MigrationState
from database.pool import connect
from events.clock import utc_now
from events.decision_clock import MAX_APART
from events.statements import AnyConnection, statement
from projections.replay import added_unique
from queries.pluralize import counted
from queries.rows import fetch_one

OLDEST_SERVER = 150000
MAX_SKEW = timedelta(seconds=5)
SHARED = "the pooler shares sessions between transactions"


def session_check(conninfo: str, *, embedded: bool) -> DoctorFinding:
    """Embedded, remote, or behind a transaction pooler, where session locks do not work."""
    if embedded:
        where = "embedded PostgreSQL in the data directory"
        return DoctorFinding("note", "server", where, "fine for one machine; tenure backup")
    if not pooler.are_shared(conninfo):
        return DoctorFinding("ok", "server", "remote, with dedicated sessions")
    with closing(connect(conninfo, application_name="tenure-cli")) as conn:
        has_role = pooler.brings_role(conn, "tenure_app")
    if has_role:
        enough = "enough for `tenure serve`; work, migrate, replay, import and reconcile refuse"
        fix = "for these set DATABASE_URL to the direct connection, or to a pooler in session mode"
        return DoctorFinding("warn", "server", f"{SHARED}: {enough}", fix)
    fix = "set DATABASE_URL to the direct connection, or a login as in docs/deployment.md, pgbouncer"
    return DoctorFinding("fail", "server", f"{SHARED}, and this login's own role is not tenure_app", fix)


def migration_checks(conninfo: str) -> list[DoctorFinding]:
    """Whether the schema is the one this release expects."""
    rows = migrations.status(conninfo)
    odd = [one.name for one in rows if one.state in (MigrationState.EDITED, MigrationState.UNKNOWN)]
    pending = [one.name for one in rows if one.state is MigrationState.PENDING]
    return [
        either(
            not odd,
            "migrations",
            "unchanged",
            f"changed or unknown: {', '.join(odd)}",
            "tenure migrate status",
        ),
        either(
            not pending,
            "schema",
            "up to date",
            counted(len(pending), "migration waits", "migrations wait"),
            "tenure migrate up",
        ),
    ]


def added_index_check(conn: AnyConnection) -> DoctorFinding:
    """Whether a replay would be refused because of an index that no migration created."""
    added = added_unique(conn)
    names = ", ".join(f"{index.name} on {index.table}" for index in added)
    return either(
        not added,
        "added indexes",
        "no unique index that a replay would refuse",
        f"unique, but created by no migration: {names}: a user whose row violates it is quarantined, "
        "and tenure replay refuses to start",
        "; ".join(index.drop for index in added),
        severity="warn",
    )


def server_checks(conn: AnyConnection) -> list[DoctorFinding]:
    """Version, durability, clock and roles."""
    row = fetch_one(conn, statement("cli", "doctor_server"), {})
    assert row is not None  # always one row
    skew = abs(row["clock"] - utc_now())
    version, missing = row["version"], row["missing_roles"]
    return [
        either(
            version >= OLDEST_SERVER,
            "version",
            f"PostgreSQL {version // 10000}",
            f"PostgreSQL {version // 10000}: expected 15 or later",
            "upgrade the server",
        ),
        either(
            row["fsync"] and row["synchronous_commit"] != "off",
            "durability",
            "a commit is on disk",
            "fsync or synchronous_commit is off: an acknowledged event may be lost in a crash",
            "ALTER SYSTEM SET fsync = on; ALTER SYSTEM SET synchronous_commit = on",
        ),
        either(
            skew < MAX_SKEW,
            "clock",
            "server and service agree",
            f"the clocks are {skew.total_seconds():.1f} s apart: beyond {MAX_APART.seconds} s this host "
            "makes no decisions",
            "synchronise both machines (NTP)",
            severity="warn" if skew <= MAX_APART else "fail",
        ),
        either(
            not missing,
            "roles",
            "all present",
            f"missing: {', '.join(missing)}",
            "tenure migrate up, as a role with CREATEROLE",
        ),
        either(
            not row["read_only"],
            "primary",
            "writable",
            "a replica or read-only",
            "point DATABASE_URL at the primary",
        ),
    ]


def guard_checks(conn: AnyConnection) -> list[DoctorFinding]:
    """Row-level security, the triggers that keep the log append-only, and rights."""
    row = fetch_one(conn, statement("cli", "doctor_guards"), {})
    assert row is not None  # always one row
    unprotected, off = row["unprotected"], row["guards_off"]
    return [
        either(
            not unprotected,
            "row-level security",
            "on for every table",
            f"off for {', '.join(unprotected)}",
            "ALTER TABLE … ENABLE ROW LEVEL SECURITY",
        ),
        either(
            not off and row["guards"] >= 3,
            "append-only",
            "the log refuses UPDATE, DELETE and TRUNCATE",
            f"guards of the log are off or gone: {', '.join(off) or 'dropped'}",
            "ALTER TABLE events ENABLE ALWAYS TRIGGER …, then tenure audit verify --full",
        ),
        *rights_checks(conn),
    ]


def rights_checks(conn: AnyConnection) -> list[DoctorFinding]:
    """Whether each role has the rights that migrations/rights.toml lists, and no others."""
    listed = rights.listed()
    assert listed is not None  # shipped with the migrations
    wrong = [str(change) for change in rights.differences(conn, listed)]
    members = [f"{member} is a member of {role}" for member, role in rights.memberships(conn, listed)]
    return [
        either(not wrong, "rights", "as listed", _first(wrong), "tenure migrate up"),
        either(
            not members,
            "memberships",
            "none that grants more rights",
            _first(members),
            "REVOKE … FROM …, as a superuser or the role's administrator",
        ),
    ]


def _first(lines: list[str]) -> str:
    return "; ".join(lines[:3]) + (f" and {len(lines) - 3} more" if len(lines) > 3 else "")
