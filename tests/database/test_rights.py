"""The database's rights are those of migrations/rights.toml, whatever its default privileges give."""

import shutil
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from uuid import uuid4

import psycopg
import pytest
from psycopg import errors, sql

from database import migrations, rights
from database.errors import RightsDiffer
from database.pool import connect
from events.statements import statement
from projections.replay import build, replay
from projections.replay.plan import SHADOW
from projections.replay.statements import session
from tests.databases import Database, Server
from tests.projections.replaying import options, plans, tell

KINDS = ("TABLES", "FUNCTIONS", "SEQUENCES", "TYPES", "SCHEMAS")
SUPABASE = "{anon}, {authenticated}, {service_role}"
# The names in braces are roles of the test's own: a server's roles are shared by all its databases.
DEFAULTS = {
    "plain": [],
    "supabase": [
        f"GRANT USAGE ON SCHEMA public TO {SUPABASE}",
        *(
            f"ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT ALL ON {kind} TO {SUPABASE}"
            for kind in ("TABLES", "FUNCTIONS", "SEQUENCES")
        ),
    ],
    "stranger": [
        f"ALTER DEFAULT PRIVILEGES GRANT ALL ON {kind} TO {{stranger}} WITH GRANT OPTION" for kind in KINDS
    ],
    "public": [
        *(f"ALTER DEFAULT PRIVILEGES GRANT ALL ON {kind} TO PUBLIC" for kind in KINDS),
        "GRANT CREATE ON SCHEMA public TO PUBLIC, {anon}",
    ],
    "nothing": ["ALTER DEFAULT PRIVILEGES REVOKE ALL ON FUNCTIONS FROM PUBLIC"],
}
OPENING = [kind for kind in DEFAULTS if kind != "nothing"]
ROLES = ("anon", "authenticated", "service_role", "stranger")
MADE_LATER = {"replay_plan", "replay_progress", "restore_unfinished"}
FORMER_NAMES = {"outgoing_endpoints"}  # of objects that a later migration renames
# Asked of the server itself, so that it does not depend on how the runner compares.
OPEN = """
SELECT o.role || ': ' || p.privilege || ' on ' || p.name
  FROM unnest(%s::text[]) AS o (role), LATERAL (
       SELECT c.oid::regclass::text, privilege
         FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace,
              unnest(ARRAY['SELECT', 'INSERT', 'UPDATE', 'DELETE', 'TRUNCATE', 'REFERENCES']) AS privilege
        WHERE (n.nspname = 'public' OR n.nspname ~ '^tenure_')
          AND c.relkind IN ('r', 'v') AND has_table_privilege(o.role, c.oid, privilege)
       UNION ALL
       SELECT f.oid::regprocedure::text, 'EXECUTE' FROM pg_proc f
        WHERE f.pronamespace = 'public'::regnamespace AND has_function_privilege(o.role, f.oid, 'EXECUTE')
       UNION ALL
       SELECT n.nspname, privilege FROM pg_namespace n, unnest(ARRAY['USAGE', 'CREATE']) AS privilege
        WHERE n.nspname ~ '^tenure_' AND has_schema_privilege(o.role, n.oid, privilege)
       UNION ALL
       SELECT 'public', 'CREATE'
        WHERE has_schema_privilege(o.role, 'public', 'CREATE')) AS p (name, privilege)
"""


@dataclass(frozen=True)
class Prepared:
    """An empty database with default privileges of its own, and the roles they name."""

    conninfo: str
    roles: dict[str, str]


@pytest.fixture(params=DEFAULTS)
def prepared(
    request: pytest.FixtureRequest, template: str, server: Server, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Prepared]:
    """One for each kind of deployment."""
    assert template  # Tenure's own roles are there
    roles = {name: f"{name}_{uuid4().hex[:12]}" for name in ROLES}
    monkeypatch.setattr(rights, "OUTSIDERS", ("PUBLIC", roles["anon"], roles["authenticated"]))
    database = server.database()
    with psycopg.connect(database.conninfo, autocommit=True) as conn:
        for name in roles.values():
            conn.execute(sql.SQL("CREATE ROLE {} NOLOGIN").format(sql.Identifier(name)))
        for statement in DEFAULTS[request.param]:
            conn.execute(statement.format(**roles).encode())
    yield Prepared(database.conninfo, roles)
    database.drop()
    with server.admin() as conn:
        for name in roles.values():
            conn.execute(sql.SQL("DROP ROLE {}").format(sql.Identifier(name)))


@pytest.fixture
def without_list(tmp_path: Path) -> Path:
    """The migrations as they ran before there was a list of rights."""
    copied = tmp_path / "migrations"
    shutil.copytree(migrations.DIRECTORY, copied, ignore=shutil.ignore_patterns(rights.NAME))
    return copied


def open_to_others(database: Prepared) -> list[str]:
    with psycopg.connect(database.conninfo) as conn:
        return [line for (line,) in conn.execute(OPEN, [list(database.roles.values())])]


def differing(database: Prepared) -> list[str]:
    listed = rights.listed()
    assert listed is not None
    with closing(connect(database.conninfo, application_name="test")) as conn:
        return [str(change) for change in rights.differences(conn, listed)]


def test_the_list_names_every_object(database: Database) -> None:
    listed = rights.listed()
    assert listed is not None
    with psycopg.connect(database.conninfo) as conn:
        objects = {
            (kind, name)
            for kind, _, name, *_ in conn.execute(statement("database", "rights"), {"schemas": ["public"]})
        }

    unlisted = sorted(f"{kind} {name}" for kind, name in objects - listed.keys())
    gone = sorted(
        f"{kind} {name}"
        for kind, name in listed.keys() - objects
        if kind != "schema" and name not in MADE_LATER | FORMER_NAMES
    )

    assert not unlisted, (
        f"add a line to migrations/rights.toml, with the rights of each role, for: {unlisted}"
    )
    assert not gone, f"remove from migrations/rights.toml what no migration makes: {gone}"


@pytest.mark.parametrize("prepared", ["supabase", "public"], indirect=True)
def test_each_migration_and_each_rollback_leaves_the_rights_listed(prepared: Prepared) -> None:
    names = [one.name for one in migrations.status(prepared.conninfo)]

    for name in names:
        migrations.up(prepared.conninfo, target=name)
        assert differing(prepared) == [], name
        assert open_to_others(prepared) == [], name
    for name in reversed(names[1:]):
        migrations.down(prepared.conninfo)
        assert differing(prepared) == [], name
        assert open_to_others(prepared) == [], name


def test_a_new_database_has_the_rights_listed(prepared: Prepared) -> None:
    migrations.up(prepared.conninfo)

    assert differing(prepared) == []
    assert open_to_others(prepared) == []


@pytest.mark.parametrize("prepared", OPENING, indirect=True)
def test_up_takes_back_what_an_earlier_release_left_open(prepared: Prepared, without_list: Path) -> None:
    migrations.up(prepared.conninfo, directory=without_list)
    assert open_to_others(prepared) != []
    lines: list[str] = []

    migrations.up(prepared.conninfo, report=lines.append)

    assert open_to_others(prepared) == []
    assert any(line.startswith("rights: revoked from") for line in lines)


def test_an_outsider_can_not_append(prepared: Prepared) -> None:
    migrations.up(prepared.conninfo)

    with psycopg.connect(prepared.conninfo) as conn:
        conn.execute(sql.SQL("SET ROLE {}").format(sql.Identifier(prepared.roles["anon"])))
        with pytest.raises(
            errors.InsufficientPrivilege, match="permission denied for function append_events"
        ):
            conn.execute("SELECT append_events_promptly('[]')")


@pytest.mark.parametrize("prepared", ["supabase", "stranger"], indirect=True)
def test_replays_own_schemas_are_closed(prepared: Prepared, tmp_path: Path) -> None:
    migrations.up(prepared.conninfo)
    tell(prepared.conninfo, plans())

    replay(prepared.conninfo, options=options(tmp_path))
    with session(prepared.conninfo) as conn:
        build.new_job(conn, build.heads(conn), schema=SHADOW, options=options(tmp_path))

    assert differing(prepared) == []
    assert open_to_others(prepared) == []


@pytest.mark.parametrize("prepared", ["plain"], indirect=True)
def test_a_login_that_may_not_change_rights_is_told_which_may(prepared: Prepared) -> None:
    migrations.up(prepared.conninfo)
    stranger = prepared.roles["stranger"]
    with psycopg.connect(prepared.conninfo, autocommit=True) as conn:
        conn.execute(sql.SQL("GRANT SELECT ON users TO {}").format(sql.Identifier(stranger)))
    listed = rights.listed()
    assert listed is not None

    with psycopg.connect(prepared.conninfo) as conn:
        conn.execute("SET SESSION AUTHORIZATION tenure_auditor")
        with pytest.raises(RightsDiffer, match=f"{stranger} has SELECT on users; .* migrate up as"):
            rights.enforce(conn, listed)


@pytest.mark.parametrize("prepared", ["plain"], indirect=True)
def test_a_member_of_a_listed_role_is_named(prepared: Prepared) -> None:
    migrations.up(prepared.conninfo)
    anon = prepared.roles["anon"]
    listed = rights.listed()
    assert listed is not None

    with psycopg.connect(prepared.conninfo) as conn:
        before = rights.memberships(conn, listed)
        conn.execute(sql.SQL("GRANT tenure_auditor TO {}").format(sql.Identifier(anon)))

        assert before == []
        assert rights.memberships(conn, listed) == [(anon, "tenure_auditor")]


def test_rights_of_columns_are_read_from_the_list(tmp_path: Path) -> None:
    (tmp_path / rights.NAME).write_text('[tables]\nt = { r = "SELECT, UPDATE (a, b), DELETE" }')

    listed = rights.listed(tmp_path)

    expected = frozenset({("SELECT", None), ("UPDATE", "a"), ("UPDATE", "b"), ("DELETE", None)})
    assert listed == {("table", "t"): {"r": expected}}
