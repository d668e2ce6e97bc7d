"""The migrations of this project, applied, undone and applied again."""

from contextlib import closing
from pathlib import Path
from uuid import uuid4

import psycopg
import pytest
from psycopg import sql
from psycopg.conninfo import make_conninfo

from database import manifest, migrations
from database.pool import Connection, connect
from database.schema import Snapshot, differences, snapshot
from tests.databases import Database


def look(database: Database) -> Snapshot:
    with closing(connect(database.conninfo, application_name="test")) as conn:
        return snapshot(conn)


def test_each_migration_is_undone_by_its_rollback(empty_database: Database) -> None:
    seen = [look(empty_database)]
    names = [one.name for one in migrations.status(empty_database.conninfo)]
    for name in names:
        migrations.up(empty_database.conninfo, target=name)
        seen.append(look(empty_database))

    for index in reversed(range(len(names))):
        migrations.down(empty_database.conninfo)
        assert differences(seen[index], look(empty_database)) == [], names[index]

    migrations.up(empty_database.conninfo)
    assert differences(seen[-1], look(empty_database)) == []


def test_who_migrates_may_give_the_roles_away_and_need_not_have_their_rights(
    template: str, empty_database: Database
) -> None:
    assert template  # the roles are there
    name = f"migrator_{uuid4().hex[:12]}"
    role = sql.Identifier(name)
    roles = sql.SQL("tenure_app, tenure_auditor, tenure_eraser")
    with psycopg.connect(empty_database.conninfo, autocommit=True) as conn:
        conn.execute(sql.SQL("CREATE ROLE {} NOINHERIT CREATEROLE").format(role))
        try:
            conn.execute(sql.SQL("GRANT {} TO {}").format(roles, role))
            conn.execute(
                sql.SQL("GRANT CREATE ON DATABASE {} TO {}").format(sql.Identifier(empty_database.name), role)
            )
            conn.execute(sql.SQL("ALTER SCHEMA public OWNER TO {}").format(role))

            migrations.up(make_conninfo(empty_database.conninfo, options=f"-c role={name}"))
            owner = conn.execute(
                "SELECT pg_get_userbyid(proowner) FROM pg_proc WHERE proname = 'erase_person'"
            ).fetchone()

            assert owner == ("tenure_eraser",)
        finally:
            conn.execute(sql.SQL("DROP OWNED BY {} CASCADE").format(role))
            conn.execute(sql.SQL("DROP ROLE {}").format(role))


def test_who_made_the_roles_may_become_them(template: str, empty_database: Database) -> None:
    """PostgreSQL 16 and later let the maker of a role hand it out, and no more."""
    assert template  # the roles are there
    name = f"migrator_{uuid4().hex[:12]}"
    role = sql.Identifier(name)
    with psycopg.connect(empty_database.conninfo, autocommit=True) as conn:
        if conn.info.server_version < 160000:
            pytest.skip("before PostgreSQL 16 its maker is no member of a role, and 0001_roles makes it one")
        conn.execute(sql.SQL("CREATE ROLE {} CREATEROLE").format(role))
        try:
            conn.execute(
                sql.SQL(
                    "GRANT tenure_app, tenure_auditor, tenure_eraser TO {}"
                    " WITH ADMIN TRUE, SET FALSE, INHERIT FALSE"
                ).format(role)
            )
            conn.execute(
                sql.SQL("GRANT CREATE ON DATABASE {} TO {}").format(sql.Identifier(empty_database.name), role)
            )
            conn.execute(sql.SQL("ALTER SCHEMA public OWNER TO {}").format(role))

            migrations.up(make_conninfo(empty_database.conninfo, options=f"-c role={name}"))

            conn.execute("SET ROLE tenure_app")
            seen = conn.execute("SELECT count(*) FROM migration_manifest").fetchone()
            conn.execute("RESET ROLE")
            assert seen == (len(migrations.names()),)
        finally:
            conn.execute(sql.SQL("DROP OWNED BY {} CASCADE").format(role))
            conn.execute(sql.SQL("DROP ROLE {}").format(role))


def test_every_table_has_row_level_security(conn: Connection) -> None:
    rows = conn.execute(
        "SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace"
        " AND relkind IN ('r', 'p') AND NOT relrowsecurity"
    ).fetchall()

    assert rows == []


def test_manifest_lists_every_migration_as_it_is() -> None:
    assert manifest.differences() == []


def test_manifest_names_what_was_edited(tmp_path: Path) -> None:
    (tmp_path / "0001_a.sql").write_text("SELECT 1;")
    (tmp_path / "0001_a.rollback.sql").write_text("SELECT 1;")
    (tmp_path / "0002_b.sql").write_text("SELECT 2;")
    manifest.write(tmp_path)
    (tmp_path / "0001_a.rollback.sql").write_text("SELECT 9;")
    (tmp_path / "0002_b.sql").unlink()
    (tmp_path / "0003_c.sql").write_text("SELECT 3;")

    named = [line.split(" ")[0] for line in manifest.differences(tmp_path)]

    assert named == ["0002_b.sql", "0001_a.rollback.sql", "0003_c.sql"]


CHANGES = {
    "column": "ALTER TABLE t ALTER COLUMN n TYPE bigint",
    "default": "ALTER TABLE t ALTER COLUMN n SET DEFAULT 4",
    "index": "DROP INDEX t_n; CREATE INDEX t_n ON t (n DESC)",
    "constraint": "ALTER TABLE t DROP CONSTRAINT small, ADD CONSTRAINT small CHECK (n < 9)",
    "function": "CREATE OR REPLACE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN OLD; END'",
    "definer": "ALTER FUNCTION f() SECURITY DEFINER",
    "trigger": "ALTER TABLE t DISABLE TRIGGER g",
    "policy": "ALTER POLICY p ON t USING (false)",
    "grant": "REVOKE EXECUTE ON FUNCTION f() FROM PUBLIC",
    "row security": "ALTER TABLE t DISABLE ROW LEVEL SECURITY",
    "storage": "ALTER TABLE t SET (fillfactor = 50)",
    "comment": "COMMENT ON TABLE t IS 'other'",
    "extra table": "CREATE TABLE u ()",
    "missing table": "DROP TABLE t",
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES.keys())
def test_snapshot_sees(empty_database: Database, change: str) -> None:
    with psycopg.connect(empty_database.conninfo) as conn:
        conn.execute("""
            CREATE TABLE t (n integer, CONSTRAINT small CHECK (n < 8));
            CREATE INDEX t_n ON t (n);
            CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END';
            CREATE TRIGGER g BEFORE INSERT ON t FOR EACH ROW EXECUTE FUNCTION f();
            ALTER TABLE t ENABLE ROW LEVEL SECURITY;
            CREATE POLICY p ON t USING (true);
            COMMENT ON TABLE t IS 'one';
        """)
        before = snapshot(conn)
        assert differences(before, snapshot(conn)) == []

        conn.execute(change.encode())

        assert differences(before, snapshot(conn)) != []
