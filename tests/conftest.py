"""Databases for tests: one server for all, a migrated template, a fresh clone for each test."""

import hashlib
import os
import shutil
import tempfile
import uuid
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest
from hypothesis import HealthCheck
from hypothesis import settings as hypothesis_settings
from psycopg import sql
from psycopg.conninfo import make_conninfo

from database import embedded, migrations
from database.pool import Connection, Pool, connect, open_pool

hypothesis_settings.register_profile(
    "local", deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
hypothesis_settings.register_profile(
    "ci",
    parent=hypothesis_settings.get_profile("local"),
    derandomize=True,
    database=None,
    print_blob=True,
)
hypothesis_settings.load_profile("ci" if os.environ.get("CI") else "local")

pytest_plugins = ["tests.installation"]

_ROOT = Path(__file__).parent.parent
_RUN = "TENURE_TEST_RUN"


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


def _create(conn: Connection, name: str, template: str) -> None:
    # Copying files takes two fifths of the time of logging every block.
    statement = sql.SQL("CREATE DATABASE {} TEMPLATE {} STRATEGY file_copy")
    conn.execute(statement.format(sql.Identifier(name), sql.Identifier(template)))


def _drop(conn: Connection, name: str) -> None:
    statement = sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)")
    conn.execute(statement.format(sql.Identifier(name)))


def _exists(conn: Connection, name: str) -> bool:
    found = conn.execute("SELECT 1 FROM pg_database WHERE datname = %s", [name]).fetchone()
    return found is not None


def _fingerprint() -> str:
    """Changes with the migrations and with the code that applies them."""
    digest = hashlib.sha256()
    of_migrations = [path for kind in ("*.sql", "*.toml") for path in migrations.DIRECTORY.glob(kind)]
    of_runner = [path for kind in ("*.py", "sql/*.sql") for path in (_ROOT / "database").glob(kind)]
    for path in sorted(of_migrations + of_runner):
        digest.update(path.name.encode() + path.read_bytes())
    return digest.hexdigest()[:12]


def _label() -> str:
    return f"test_{os.environ[_RUN]}"


@pytest.fixture(scope="session")
def server() -> Iterator[Server]:
    """DATABASE_URL's server, else an embedded one that all workers share (fsync is off there)."""
    given = os.environ.get("DATABASE_URL")
    if given:
        yield Server(given, _label())
        return
    shared = f"tenure-tests-{os.getuid()}-{hashlib.sha256(str(_ROOT).encode()).hexdigest()[:8]}"
    data_dir = Path(tempfile.gettempdir()) / shared
    with embedded.start(data_dir, database="postgres", throwaway=True) as running:
        yield Server(running.conninfo, "test")


def pytest_configure(config: pytest.Config) -> None:
    """Name the run; xdist's workers inherit the name from their controller."""
    os.environ.setdefault(_RUN, uuid.uuid4().hex[:12])


def pytest_unconfigure(config: pytest.Config) -> None:
    """Leave nothing on somebody's own server; the controller does it when its workers are gone."""
    given = os.environ.get("DATABASE_URL")
    if given and not hasattr(config, "workerinput"):
        Server(given, _label()).drop_all()


@pytest.fixture(autouse=True)
def same_umask() -> Iterator[None]:
    """A command run inside the test process closes the umask; the next test must not inherit it."""
    before = os.umask(0o022)
    yield
    os.umask(before)


@pytest.fixture(scope="session")
def template(server: Server) -> str:
    """The name of the migrated database that tests clone."""
    return server.template()


@pytest.fixture
def empty_database(server: Server) -> Iterator[Database]:
    """A database without any migration."""
    made = server.database()
    yield made
    made.drop()


@pytest.fixture
def database(server: Server, template: str) -> Iterator[Database]:
    """A database of this test alone, with all migrations."""
    made = server.database(template)
    yield made
    made.drop()


@pytest.fixture
def conninfo(database: Database) -> str:
    """How to connect to this test's database."""
    return database.conninfo


@pytest.fixture
def conn(conninfo: str) -> Iterator[Connection]:
    """A connection to this test's database; not autocommit."""
    with closing(connect(conninfo, application_name="test", statement_timeout_s=30)) as opened:
        yield opened


@pytest.fixture
def pool(conninfo: str) -> Iterator[Pool]:
    """A pool on this test's database."""
    with open_pool(conninfo, application_name="test", max_size=8) as opened:
        yield opened


@pytest.fixture
def own_server() -> Iterator[embedded.EmbeddedServer]:
    """A server of this test alone, which it may stop or kill."""
    data_dir = Path(tempfile.mkdtemp(prefix="tenure-own-"))
    data_dir.chmod(0o711)
    with embedded.start(data_dir, throwaway=True) as running:
        yield running
    shutil.rmtree(data_dir)


@pytest.fixture(scope="session")
def corpus() -> Path:
    """The folder of recorded provider events."""
    given = os.environ.get("TENURE_CORPUS")
    if not given:
        pytest.skip("TENURE_CORPUS is not set: it names the folder of recorded provider events")
    path = Path(given)
    if not path.is_dir():
        pytest.fail(f"TENURE_CORPUS names {path}, which is not a folder")
    return path
