"""`tenure reconcile` end to end: settings, the real stripe package, a real socket, a real database."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from cli import main
from demo.prices import price_of
from demo.world import DemoWorld
from tests.doubles import clerk as clerk_doubles
from tests.doubles import stripe as stripe_doubles
from tests.doubles.http import serving
from tests.installation import as_url
from tests.providers.shop import project, publish, service


@pytest.fixture
def world() -> DemoWorld:
    demo_world = DemoWorld(start=datetime.now(UTC) - timedelta(days=2), seed="command")
    person = demo_world.join(first_name="Ada", last_name="Lee", email="ada@example.com")
    demo_world.stripe.checkout(
        price_of("glow_up"), email=person.email, subscription_metadata={"userId": person.user_id}
    )
    return demo_world


@pytest.fixture
def providers(
    world: DemoWorld, conninfo: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[None]:
    def now() -> datetime:
        return datetime.now(UTC)

    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("DATABASE_URL", as_url(conninfo))
    monkeypatch.setenv("TENURE_DATA_DIR", str(tmp_path))
    monkeypatch.setenv("TENURE_LIVEMODE", "true")
    with (
        serving(stripe_doubles.stripe_double(world.stripe, now=now)) as stripe,
        serving(clerk_doubles.clerk_double(world.clerk, now=now)) as clerk,
    ):
        monkeypatch.setenv("STRIPE_API_KEY", stripe_doubles.KEY)
        monkeypatch.setenv("STRIPE_API_BASE", stripe.url)
        monkeypatch.setenv("CLERK_SECRET_KEY", clerk_doubles.KEY)
        monkeypatch.setenv("CLERK_API_BASE", clerk.url + "/v1")
        yield


def tenure(*args: str) -> Result:
    return CliRunner().invoke(main, args)


@pytest.mark.usefixtures("providers")
def test_both_providers_fill_an_empty_log(conninfo: str) -> None:
    with service(conninfo) as conn:
        publish(conn)

    stripe, clerk = tenure("reconcile", "stripe", "--json"), tenure("reconcile", "clerk", "--json")
    project(conninfo)

    assert (stripe.exit_code, clerk.exit_code) == (0, 0), stripe.output + clerk.output
    assert json.loads(stripe.stdout)["events_missed"] > 5
    shown = json.loads(tenure("user", "show", "ada@example.com", "--json").stdout)
    assert shown["current_plan"] == "glow_up"


@pytest.mark.usefixtures("providers")
def test_dry_run_finds_a_difference() -> None:
    result = tenure("reconcile", "stripe", "--dry-run", "--json")

    assert result.exit_code == 1
    assert json.loads(result.stdout)["events_missed"] > 5


@pytest.mark.usefixtures("providers")
def test_without_a_key_one_line_says_which(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("STRIPE_API_KEY")

    result = tenure("reconcile", "stripe")

    assert result.exit_code == 1
    assert result.stderr.startswith("tenure: STRIPE_API_KEY is not set")


@pytest.mark.usefixtures("providers")
def test_a_refused_key_is_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STRIPE_API_KEY", "rk_live_wrong")

    result = tenure("reconcile", "stripe")

    assert result.exit_code == 1
    assert "stripe answered 401" in result.stderr
    assert result.stderr.count("\n") == 1
