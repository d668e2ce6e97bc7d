"""Fixtures of an installation: settings, the command, the endpoints without a socket, a shop's events."""

from collections.abc import Callable
from functools import partial
from pathlib import Path
from urllib.parse import quote, urlencode

import httpx
import pytest
from click.testing import CliRunner, Result
from prometheus_client import CollectorRegistry
from psycopg.conninfo import conninfo_to_dict

from cli import main
from database.pool import Pool
from demo.history import make_world
from demo.sender import Target, disordered, post_all
from demo.world import DemoWorld
from events.clock import utc_now
from projections.runner import Runner
from service.application import build_over
from service.local_secrets import dev_secrets
from service.wiring import projector_connection
from settings import Settings

Tenure = Callable[..., Result]


def as_url(conninfo: str) -> str:
    """As DATABASE_URL wants it."""
    parameters = {name: str(value) for name, value in conninfo_to_dict(conninfo).items()}
    return f"postgresql:///{quote(parameters.pop('dbname'))}?{urlencode(parameters)}"


@pytest.fixture
def settings(conninfo: str, tmp_path: Path) -> Settings:
    """As a service with dev secrets has them."""
    generated = dev_secrets(tmp_path)
    return Settings(
        _env_file=None,
        database_url=as_url(conninfo),
        TENURE_DATA_DIR=tmp_path,
        stripe_webhook_secrets=generated.stripe,
        clerk_webhook_secrets=generated.clerk,
    )


@pytest.fixture
def tenure(conninfo: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Tenure:
    """Runs `tenure …` in this process, on this test's database."""
    monkeypatch.setenv("DATABASE_URL", as_url(conninfo))
    monkeypatch.setenv("TENURE_DATA_DIR", str(tmp_path))
    monkeypatch.chdir(tmp_path)

    def run(*args: str) -> Result:
        return CliRunner().invoke(main, args)

    return run


@pytest.fixture
def doors(settings: Settings, pool: Pool, conninfo: str, tmp_path: Path) -> Target:
    """The real doors, without a socket."""
    transport = httpx.WSGITransport(app=build_over(pool, settings, conninfo, CollectorRegistry()))
    client = httpx.Client(transport=transport, base_url="http://tenure.test")
    return Target(client=client, secrets=dev_secrets(tmp_path), clock=utc_now)


@pytest.fixture
def shop(doors: Target, conninfo: str) -> DemoWorld:
    """A small shop whose webhooks came out of order and are projected."""
    world = make_world(7, 3, days=40, steps_per_user=6)
    play(doors, world, conninfo)
    return world


def play(doors: Target, world: DemoWorld, conninfo: str) -> None:
    """Deliver and project everything."""
    deliveries = disordered(world.deliveries, seed=1, twice=0.2)
    post_all(doors, deliveries, on_progress=lambda _: None)
    project(conninfo)


def project(conninfo: str) -> None:
    """Everything there is now, as `tenure work` does."""
    Runner(partial(projector_connection, conninfo)).drain()
