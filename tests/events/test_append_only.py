"""No edits: triggers, rights and row-level security, whoever asks."""

from collections.abc import Iterator
from contextlib import closing
from typing import Any

import psycopg
import pytest
from psycopg import errors, sql

from events.append import append, keep_unreadable
from events.statements import AnyConnection
from tests.databases import Server
from tests.events.sample_events import event

LOG = ("events", "part_heads", "event_conflicts", "unreadable_deliveries")
ERASURE = "UPDATE events SET event_data = NULL, payload_salt = NULL"
EDITS = (
    "UPDATE events SET event_type = 'other'",
    ERASURE,
    "UPDATE events SET position = position + 1",
    "DELETE FROM events",
    "TRUNCATE events",
    "TRUNCATE events CASCADE",
    "DELETE FROM part_heads",
    "TRUNCATE part_heads",
    "DELETE FROM event_conflicts",
    "TRUNCATE event_conflicts",
    "DELETE FROM unreadable_deliveries",
    "TRUNCATE unreadable_deliveries",
)
INSERTS = (
    "INSERT INTO events SELECT * FROM events",
    "INSERT INTO part_heads VALUES (64, 1)",
    "INSERT INTO event_conflicts SELECT * FROM event_conflicts",
    "INSERT INTO unreadable_deliveries SELECT * FROM unreadable_deliveries",
    "UPDATE part_heads SET head = head + 1",
    "UPDATE event_conflicts SET event_type = 'x'",
    "UPDATE unreadable_deliveries SET reason = 'x'",
)


@pytest.fixture(scope="module")
def filled(server: Server, template: str) -> Iterator[str]:
    """A log with an event, a conflict and an unreadable delivery; one for all tests here."""
    database = server.database(template)
    with psycopg.connect(database.conninfo) as conn:
        append(conn, event())
        append(conn, event(payload='{"n": 2}'))
        keep_unreadable(conn, source_system="stripe", body=b"{", reason="cut", metadata={})
    yield database.conninfo
    database.drop()


@pytest.fixture
def log_conn(filled: str) -> Iterator[AnyConnection]:
    """A session on it that leaves nothing behind."""
    with closing(psycopg.connect(filled)) as conn:
        yield conn


def fingerprint(conn: AnyConnection) -> list[Any]:
    conn.execute("RESET ROLE")
    return [
        conn.execute(
            sql.SQL("SELECT t::text FROM {} AS t ORDER BY 1").format(sql.Identifier(table))
        ).fetchall()
        for table in LOG
    ]


@pytest.mark.parametrize("statement", EDITS)
def test_owner_and_superuser_are_refused(log_conn: AnyConnection, statement: str) -> None:
    before = fingerprint(log_conn)
    with pytest.raises(errors.InsufficientPrivilege, match="append-only"):
        log_conn.execute(statement.encode())
    log_conn.rollback()

    assert fingerprint(log_conn) == before


@pytest.mark.parametrize("statement", [edit for edit in EDITS if " events" in edit])
def test_session_that_calls_itself_a_replica_is_refused(log_conn: AnyConnection, statement: str) -> None:
    log_conn.execute("SET session_replication_role = replica")
    with pytest.raises(errors.InsufficientPrivilege, match="append-only"):
        log_conn.execute(statement.encode())


def test_refusal_names_the_way_that_is_right(log_conn: AnyConnection) -> None:
    with pytest.raises(errors.InsufficientPrivilege) as refused:
        log_conn.execute("DELETE FROM events")

    assert "events is append-only, so DELETE is not possible" in str(refused.value)
    assert "tenure privacy erase" in (refused.value.diag.message_hint or "")


@pytest.mark.parametrize(
    ("role", "statement"),
    [
        (role, statement)
        for role in ("tenure_app", "tenure_auditor", "tenure_eraser")
        for statement in (*EDITS, *INSERTS)
        if (role, statement) != ("tenure_eraser", ERASURE)
    ],
)
def test_no_role_of_the_service_may_write_the_log(log_conn: AnyConnection, role: str, statement: str) -> None:
    log_conn.execute(sql.SQL("SET ROLE {}").format(sql.Identifier(role)))
    with pytest.raises(errors.InsufficientPrivilege, match="permission denied"):
        log_conn.execute(statement.encode())


def test_service_appends_through_the_function_only(log_conn: AnyConnection) -> None:
    log_conn.execute("SET ROLE tenure_app")

    assert append(log_conn, event("evt_2")).outcome == "appended"
    assert append(log_conn, event("evt_2", payload="{}")).outcome == "conflict"
    assert (
        keep_unreadable(log_conn, source_system="clerk", body=b"", reason="empty", metadata={})[0]
        == "appended"
    )


@pytest.mark.parametrize("role", ["tenure_app", "tenure_auditor"])
@pytest.mark.parametrize("table", LOG)
def test_service_and_auditor_read_all_of_it(log_conn: AnyConnection, role: str, table: str) -> None:
    log_conn.execute(sql.SQL("SET ROLE {}").format(sql.Identifier(role)))

    assert log_conn.execute(sql.SQL("SELECT t::text FROM {} AS t").format(sql.Identifier(table))).fetchall()


def test_auditor_cannot_append(log_conn: AnyConnection) -> None:
    log_conn.execute("SET ROLE tenure_auditor")
    with pytest.raises(errors.InsufficientPrivilege):
        append(log_conn, event("evt_2"))


def test_functions_that_run_as_their_owner_fix_their_search_path(log_conn: AnyConnection) -> None:
    """Without it, a caller's own `events` table would be written with the owner's rights."""
    rows = log_conn.execute(
        "SELECT p.proname FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace"
        " WHERE n.nspname = 'public' AND p.prosecdef"
        "   AND NOT coalesce(array_to_string(p.proconfig, ',') LIKE '%search_path=%', false)"
    ).fetchall()

    assert rows == []


def test_nobody_else_may_call_them(log_conn: AnyConnection) -> None:
    rows = log_conn.execute(
        "SELECT p.proname FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace"
        " WHERE n.nspname = 'public' AND p.prosecdef AND has_function_privilege('public', p.oid, 'EXECUTE')"
    ).fetchall()

    assert rows == []


def test_row_level_security_is_on_for_every_table(log_conn: AnyConnection) -> None:
    rows = log_conn.execute(
        "SELECT c.relname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace"
        " WHERE n.nspname = 'public' AND c.relkind IN ('r', 'p') AND NOT c.relrowsecurity"
    ).fetchall()

    assert rows == []


def test_a_role_nobody_granted_anything_sees_nothing(log_conn: AnyConnection, filled: str) -> None:
    """As Supabase's public REST role would: rights on every table, no policy for it."""
    role = sql.Identifier(f"stranger_{log_conn.info.dbname[-12:]}")
    with closing(psycopg.connect(filled, autocommit=True)) as admin:
        admin.execute(sql.SQL("CREATE ROLE {}").format(role))
        try:
            admin.execute(sql.SQL("GRANT USAGE ON SCHEMA public TO {}").format(role))
            admin.execute(sql.SQL("GRANT SELECT ON ALL TABLES IN SCHEMA public TO {}").format(role))
            admin.execute(sql.SQL("SET ROLE {}").format(role))
            seen = {
                table: admin.execute(f"SELECT count(*) FROM {table}".encode()).fetchone() for table in LOG
            }
        finally:
            admin.execute("RESET ROLE")
            admin.execute(sql.SQL("DROP OWNED BY {}").format(role))
            admin.execute(sql.SQL("DROP ROLE {}").format(role))

    assert set(seen.values()) == {(0,)}
