"""Every command that changes many things at once can be tried without changing any."""

from collections.abc import Iterator
from pathlib import Path

import click
import pytest
from psycopg import Connection

from cli import main
from tests.databases import Server
from tests.handlers.users import joined, sold, tell
from tests.installation import Tenure, as_url

MASS_COMMANDS = (
    "reconcile stripe",
    "reconcile clerk",
    "import legacy",
    "events import",
    "plans publish",
    "quarantine retry",
    "jobs retry",
    "privacy erase",
)
PRO = '[plans.pro]\nplan_name = "Pro"\ncampaigns_limit = 5\ncreators_limit = -1\nprice_monthly = 4900\n'


@pytest.fixture
def empty_log(server: Server, template: str) -> Iterator[str]:
    """How to reach another migrated database."""
    database = server.database(template)
    yield as_url(database.conninfo)
    database.drop()


@pytest.mark.parametrize("words", MASS_COMMANDS)
def test_a_mass_command_has_a_dry_run(words: str) -> None:
    command: click.Command | None = main
    context = click.Context(main)
    for word in words.split():
        assert isinstance(command, click.Group)
        command = command.get_command(context, word)

    assert command is not None
    assert "dry_run" in {parameter.name for parameter in command.params}


def test_plans_are_shown_and_not_published(tenure: Tenure, conn: Connection, tmp_path: Path) -> None:
    tell(conn, *sold(), *joined("user_ada"))
    file = tmp_path / "plans.toml"
    file.write_text(PRO)

    shown = tenure("plans", "publish", str(file), "--dry-run")

    assert (shown.exit_code, "1 would be published" in shown.output) == (0, True)
    assert conn.execute("SELECT count(*) FROM subscription_plans WHERE plan_key = 'pro'").fetchone() == (0,)


def test_a_log_is_checked_and_not_imported(
    tenure: Tenure, conn: Connection, tmp_path: Path, empty_log: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    tell(conn, *sold(), *joined("user_ada"))
    file = tmp_path / "log.jsonl"
    assert tenure("events", "export", "--out", str(file)).exit_code == 0
    monkeypatch.setenv("DATABASE_URL", empty_log)

    checked = tenure("events", "import", str(file), "--dry-run", "--json")
    imported = tenure("events", "import", str(file), "--json")

    assert '"dry_run": true' in checked.stdout.replace('":true', '": true')
    assert (checked.exit_code, imported.exit_code) == (0, 0), imported.output
    assert '"imported": 0' not in imported.stdout.replace('":0', '": 0')
