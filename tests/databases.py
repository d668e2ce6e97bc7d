"""Databases for tests: migrated templates, copies of them, and copies used again by the next test."""

import hashlib
import uuid
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import psycopg
from psycopg import sql
from psycopg.conninfo import make_conninfo

from database import migrations
from database.errors import DatabaseUnavailable
from database.pool import Connection, connect

_ROOT = Path(__file__).parent.parent


class Server:
    """A server on which tests make databases of their own."""

    def __init__(self, conninfo: str, label: str) -> None:
        self.conninfo = conninfo
        self.label = label

    def database(self, template: str = "template0") -> "Database":
        """A new database, a copy of the template; drop it when done."""
        name = f"tenure_{self.label}_{uuid.uuid4().hex[:12]}"
        with self.admin() as conn:
            _create(conn, name, template)
        return Database(self, name)

    def template(self) -> str:
        """The name of a database with all migrations; made by the first who asks."""
        name = f"tenure_{self.label}_template_{_fingerprint()}"
        with self.admin() as conn:
            # Held until the connection closes, so that workers wait for the first of them.
            conn.execute("SELECT pg_advisory_lock(hashtext('tenure test template'))")
            if not _exists(conn, name):
                unfinished = self.database()
                migrations.up(unfinished.conninfo)
                rename = sql.SQL("ALTER DATABASE {} RENAME TO {}")
                conn.execute(rename.format(sql.Identifier(unfinished.name), sql.Identifier(name)))
        return name

    @contextmanager
    def admin(self) -> Iterator[Connection]:
        """A connection that may create and drop databases."""
        with closing(connect(self.conninfo, application_name="tests", autocommit=True)) as conn:
            yield conn

    def drop_all(self) -> None:
        """Drop every database made under this label."""
        with self.admin() as conn:
            rows = conn.execute(
                "SELECT datname FROM pg_database WHERE starts_with(datname, %s)",
                [f"tenure_{self.label}_"],
            ).fetchall()
            for (name,) in rows:
                _drop(conn, name)


class Database:
    """One database of a test."""

    def __init__(self, server: Server, name: str) -> None:
        self.server = server
        self.name = name
        self.conninfo = make_conninfo(server.conninfo, dbname=name)

    def drop(self) -> None:
        """Remove it, whoever is connected."""
        with self.server.admin() as conn:
            _drop(conn, self.name)


class Recycler:
    """Copies of one template for test after test: a used copy is emptied, unless more than rows changed.

    Emptying the tables that a test wrote takes a fraction of the time of copying a database.
    """

    def __init__(self, server: Server, template: str) -> None:
        self._server, self._template = server, template
        self._free: list[Database] = []
        self._original: Original | None = None

    @contextmanager
    def database(self) -> Iterator[Database]:
        """A database that equals the template."""
        database = self._free.pop() if self._free else self._copy()
        try:
            yield database
        finally:
            if self._is_restored(database):
                self._free.append(database)
            else:
                database.drop()

    def drop(self) -> None:
        """Drop the copies that are left."""
        while self._free:
            self._free.pop().drop()

    def _copy(self) -> Database:
        database = self._server.database(self._template)
        if self._original is None:
            with _connected(database) as conn:
                self._original = Original(conn)
        return database

    def _is_restored(self, database: Database) -> bool:
        """False when the test changed the schema or made the database unreachable."""
        assert self._original is not None
        try:
            with _connected(database) as conn:
                conn.execute(_END_OTHER_SESSIONS)
                return self._original.restore(conn)
        except (psycopg.Error, DatabaseUnavailable):
            return False


class Original:
    """What a template holds: a digest of its schema, and the rows of each table that has some."""

    def __init__(self, conn: Connection) -> None:
        self._schema = _schema(conn)
        self._rows = {table: _copy_out(conn, table) for table in _filled(conn)}
        self._digests = self._row_digests(conn)
        self._sequences = conn.execute(_SEQUENCES).fetchall()

    def restore(self, conn: Connection) -> bool:
        """Put the rows back. Returns False, and changes nothing, when the schema is another one."""
        if _schema(conn) != self._schema:
            return False
        digests = self._row_digests(conn)
        changed = _filled(conn) - {table for table in digests if digests[table] == self._digests[table]}
        with conn.transaction():
            conn.execute("SET LOCAL session_replication_role = replica")  # no trigger, no foreign key
            if changed:
                tables = sql.SQL(", ").join(sql.SQL(table) for table in changed)
                conn.execute(sql.SQL("TRUNCATE {} CASCADE").format(tables))
            for table in self._rows.keys() - _filled(conn):
                _copy_in(conn, table, self._rows[table])
            for sequence in self._sequences:
                conn.execute("SELECT setval(%s::regclass, %s, %s)", sequence)
        return True

    def _row_digests(self, conn: Connection) -> dict[str, str]:
        digests = [
            f"SELECT '{table}', md5(string_agg(t::text, '' ORDER BY t::text)) FROM {table} AS t"
            for table in self._rows
        ]
        return dict(conn.execute(" UNION ALL ".join(digests).encode()).fetchall()) if digests else {}


def _create(conn: Connection, name: str, template: str) -> None:
    # Copying files takes two fifths of the time of logging every block.
    statement = sql.SQL("CREATE DATABASE {} TEMPLATE {} STRATEGY file_copy")
    conn.execute(statement.format(sql.Identifier(name), sql.Identifier(template)))


def _drop(conn: Connection, name: str) -> None:
    statement = sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)")
    conn.execute(statement.format(sql.Identifier(name)))


def _exists(conn: Connection, name: str) -> bool:
    row = conn.execute("SELECT 1 FROM pg_database WHERE datname = %s", [name]).fetchone()
    return row is not None


def _fingerprint() -> str:
    """Changes with the migrations and with the code that applies them."""
    digest = hashlib.sha256()
    of_migrations = [path for kind in ("*.sql", "*.toml") for path in migrations.DIRECTORY.glob(kind)]
    of_runner = [path for kind in ("*.py", "*.sql") for path in (_ROOT / "database").glob(kind)]
    for path in sorted(of_migrations + of_runner):
        digest.update(path.name.encode() + path.read_bytes())
    return digest.hexdigest()[:12]


@contextmanager
def _connected(database: Database) -> Iterator[Connection]:
    opened = connect(database.conninfo, application_name="tests", statement_timeout_s=20, autocommit=True)
    with closing(opened) as conn:
        yield conn


def _filled(conn: Connection) -> set[str]:
    """The tables, by quoted name, that have pages."""
    return {name for (name,) in conn.execute(_FILLED)}


def _schema(conn: Connection) -> str:
    row = conn.execute(_SCHEMA).fetchone()
    assert row is not None
    return str(row[0])


def _copy_out(conn: Connection, table: str) -> bytes:
    with conn.cursor().copy(f"COPY {table} TO STDOUT".encode()) as copy:
        return b"".join(bytes(block) for block in copy)


def _copy_in(conn: Connection, table: str, rows: bytes) -> None:
    with conn.cursor().copy(f"COPY {table} FROM STDIN".encode()) as copy:
        copy.write(rows)


_END_OTHER_SESSIONS = """
SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity
WHERE datname = current_database() AND pid <> pg_backend_pid() AND backend_type = 'client backend'
"""

_FILLED = """
SELECT format('%I.%I', nspname, relname) FROM pg_class JOIN pg_namespace AS n ON n.oid = relnamespace
WHERE relkind = 'r' AND nspname <> 'information_schema' AND nspname NOT LIKE 'pg\\_%'
    AND pg_relation_size(pg_class.oid) > 0
"""

_SEQUENCES = """
SELECT format('%I.%I', schemaname, sequencename), coalesce(last_value, start_value), last_value IS NOT NULL
FROM pg_sequences
"""

# Copies of one template have the same oids, so that a dropped and remade object shows too.
_SCHEMA = """
SELECT md5(concat(
    (SELECT string_agg(concat(oid, relname, relacl, relrowsecurity, reloptions, relowner), ',' ORDER BY oid)
     FROM pg_class WHERE oid >= 16384 AND relkind <> 't'),
    (SELECT string_agg(concat(attrelid, attnum, attname, atttypid, attnotnull, attacl, attstattarget), ','
                       ORDER BY attrelid, attnum)
     FROM pg_attribute WHERE attrelid >= 16384 AND attnum > 0),
    (SELECT string_agg(concat(oid, proacl, proowner, prosecdef, proconfig, md5(prosrc)), ',' ORDER BY oid)
     FROM pg_proc WHERE oid >= 16384),
    (SELECT string_agg(concat(oid, tgenabled), ',' ORDER BY oid) FROM pg_trigger),
    (SELECT string_agg(concat(oid, convalidated, conname), ',' ORDER BY oid)
     FROM pg_constraint WHERE oid >= 16384),
    (SELECT string_agg(concat(indexrelid, indisvalid), ',' ORDER BY indexrelid)
     FROM pg_index WHERE indexrelid >= 16384),
    (SELECT string_agg(concat(oid, nspname, nspacl, nspowner), ',' ORDER BY oid) FROM pg_namespace),
    (SELECT string_agg(concat(adrelid, adnum, adbin), ',' ORDER BY oid) FROM pg_attrdef),
    (SELECT string_agg(concat(objoid, classoid, description), ',' ORDER BY objoid, classoid, objsubid)
     FROM pg_description WHERE objoid >= 16384),
    (SELECT string_agg(oid::text, ',' ORDER BY oid) FROM pg_policy),
    (SELECT string_agg(oid::text, ',' ORDER BY oid) FROM pg_default_acl),
    (SELECT string_agg(oid::text, ',' ORDER BY oid) FROM pg_type WHERE oid >= 16384),
    (SELECT string_agg(oid::text, ',' ORDER BY oid) FROM pg_extension),
    (SELECT string_agg(concat(setrole, setconfig), ',' ORDER BY setrole) FROM pg_db_role_setting AS s
     JOIN pg_database AS d ON d.oid = s.setdatabase WHERE datname = current_database()),
    (SELECT concat(datacl, datdba) FROM pg_database WHERE datname = current_database()),
    (SELECT count(*) FROM pg_statistic WHERE starelid >= 16384)
))
"""
