"""Fixtures for all tests: one server, a migrated template, a database of its own for each test."""

import hashlib
import os
import shutil
import tempfile
import uuid
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from hypothesis import HealthCheck
from hypothesis import settings as hypothesis_settings

from database import embedded
from database.pool import Connection, Pool, connect, open_pool
from events import livemode
from tests.databases import Database, Recycler, Server

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


def _label() -> str:
    return f"test_{os.environ[_RUN]}"


@pytest.fixture(scope="session")
def server() -> Iterator[Server]:
    """DATABASE_URL's server, else an embedded one that all workers share (fsync is off there)."""
    url = os.environ.get("DATABASE_URL")
    if url:
        yield Server(url, _label())
        return
    shared = f"tenure-tests-{os.getuid()}-{hashlib.sha256(str(_ROOT).encode()).hexdigest()[:8]}"
    data_dir = Path(tempfile.gettempdir()) / shared
    with embedded.start(data_dir, database="postgres", throwaway=True) as running:
        yield Server(running.conninfo, "test")


# Tests that start processes, or try many examples; those that use the shared server are found by its fixture.
SLOW = (
    *("bench", "database", "demo", "faults", "laws", "lock", "service", "cli/test_doctor_replica.py"),
    *("cli/test_run.py", "console/test_browser.py", "api/test_replica.py", "api/test_stream.py"),
    *("events/test_child_processes.py", "events/seals", "webhooks/test_clerk_envelope.py"),
    *("webhooks/test_endpoint.py", "webhooks/test_hostile.py", "webhooks/test_stripe_envelope.py"),
    *("test_private_names.py", "test_text_surgery.py"),
)


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--quick", action="store_true", help="only tests that need neither a server nor time")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """With --quick, leave out tests that use the server or are slow."""
    if config.getoption("--quick"):
        quick = [item for item in items if not _is_slow(item)]
        config.hook.pytest_deselected(items=[item for item in items if _is_slow(item)])
        items[:] = quick


def _is_slow(item: pytest.Item) -> bool:
    fixtures: list[str] = getattr(item, "fixturenames", [])
    place = item.path.relative_to(_ROOT / "tests").as_posix()
    return "server" in fixtures or place.startswith(SLOW)


def pytest_configure(config: pytest.Config) -> None:
    """Name the run; xdist's workers inherit the name from their controller."""
    os.environ.setdefault(_RUN, uuid.uuid4().hex[:12])


def pytest_unconfigure(config: pytest.Config) -> None:
    """Leave nothing on somebody's own server; the controller does it when its workers are gone."""
    url = os.environ.get("DATABASE_URL")
    if url and not hasattr(config, "workerinput"):
        Server(url, _label()).drop_all()


livemode.bind(live_only=False)


@pytest.fixture(autouse=True)
def same_livemode() -> Iterator[None]:
    """A command run inside the test process binds what its settings say."""
    yield
    livemode.bind(live_only=False)


@pytest.fixture
def live_events_only() -> None:
    """Test events are ignored, as in production."""
    livemode.bind(live_only=True)


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
    empty = server.database()
    yield empty
    empty.drop()


@pytest.fixture(scope="session")
def recycler(server: Server, template: str) -> Iterator[Recycler]:
    """Copies of the migrated template."""
    databases = Recycler(server, template)
    yield databases
    databases.drop()


@pytest.fixture
def database(recycler: Recycler) -> Iterator[Database]:
    """A database of this test alone, with all migrations."""
    with recycler.database() as lent:
        yield lent


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
    folder = os.environ.get("TENURE_CORPUS")
    if not folder:
        pytest.skip("TENURE_CORPUS is not set: it names the folder of recorded provider events")
    path = Path(folder)
    if not path.is_dir():
        pytest.fail(f"TENURE_CORPUS names {path}, which is not a folder")
    return path
