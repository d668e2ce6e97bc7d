"""docs/from-drizzle.md is true: its code runs, its commands work, its paths exist."""

import re
import shlex
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from prometheus_client import CollectorRegistry

from cli import main
from database.pool import Connection, Pool, connect
from handlers.plans import publish_default_plans
from service.application import build_over
from settings import Settings
from tests.installation import Tenure, project
from tests.projections.event_builders import clerk, linked, stripe, subscription, user
from tests.projections.replaying import tell

DOCUMENT = (Path(__file__).parents[2] / "docs" / "from-drizzle.md").read_text(encoding="utf-8")
# What Drizzle's table names are told by; every other word in the first column is TypeScript.
PATHS = re.compile(r"`(GET|POST|PATCH) (/api[^`]*)`")


def blocks(language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", DOCUMENT, re.DOTALL)


@pytest.fixture
def ada(conninfo: str) -> str:
    """The document's one user."""
    with connect(conninfo, application_name="test") as conn:
        publish_default_plans(conn)
        conn.commit()
    events = [
        clerk("user.created", user()),
        linked(),
        stripe("customer.subscription.created", subscription(metadata={"plan_key": "glow_up"})),
    ]
    tell(conninfo, events)
    project(conninfo)
    return "user_ada"


@pytest.fixture
def service(conninfo: str) -> Iterator[Connection]:
    """With the service's rights and no more."""
    with connect(conninfo, application_name="test") as conn:
        conn.execute("SET ROLE tenure_app")
        conn.commit()
        yield conn


def test_the_code_runs_from_top_to_bottom(ada: str, service: Connection) -> None:
    namespace = {"conn": service, "user_id": ada, "now": datetime.now(UTC)}
    for block in blocks("python"):
        exec(compile(block, "docs/from-drizzle.md", "exec"), namespace)
        service.commit()

    assert len(blocks("python")) > 3


def test_every_command_works(ada: str, tenure: Tenure, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("cli.db.command.MAX_P99_MS", 60_000.0)
    commands = [line for block in blocks("bash") for line in block.splitlines()]
    assert len(commands) > 12

    for line in commands:
        result = tenure(*shlex.split(line)[1:])
        assert result.exit_code == 0, (line, result.stderr)


def test_every_command_named_in_the_text_exists() -> None:
    named = set(re.findall(r"`tenure ([a-z-]+)", DOCUMENT))

    assert named <= main.entries.keys()
    assert {"migrate", "backup", "restore", "db", "import", "doctor", "user"} <= named


def test_every_path_named_in_the_tables_exists(settings: Settings, pool: Pool, conninfo: str) -> None:
    app = build_over(pool, settings, conninfo, CollectorRegistry())
    routes = {
        (method, _bare(rule.rule)) for rule in app.url_map.iter_rules() for method in rule.methods or ()
    }

    missing = [
        (method, path) for method, path in PATHS.findall(DOCUMENT) if (method, _bare(path)) not in routes
    ]

    assert not missing
    assert len(PATHS.findall(DOCUMENT)) > 10


def _bare(rule: str) -> str:
    """A path without the names and converters of its parts."""
    return re.sub(r"<[^>]*>", "<>", rule).rstrip("/")
