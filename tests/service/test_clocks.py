"""A host whose clock is wrong decides nothing, and takes every webhook."""

from datetime import timedelta
from functools import partial

import httpx
import pytest
from flask import Flask
from prometheus_client import CollectorRegistry

from database.pool import Connection, Pool
from demo.history import make_world
from demo.sender import Target, post_all
from events.clock import Clock, utc_now
from events.decision_clock import DecisionClock
from handlers.tokens import create_token
from service.application import build_over
from service.decision_clocks import pool_clock
from service.local_secrets import dev_secrets
from settings import Settings
from tests.handlers.users import joined, tell
from tests.installation import Tenure

AHEAD = timedelta(days=40)
USAGE = {"metric": "creators", "quantity": 1, "idempotency_key": "k"}


def wrong() -> Clock:
    return lambda: utc_now() + AHEAD


@pytest.fixture
def app(settings: Settings, pool: Pool, conninfo: str, monkeypatch: pytest.MonkeyPatch) -> Flask:
    """As it runs on a host whose clock is 40 days ahead."""
    monkeypatch.setattr("service.decision_clocks.DecisionClock", partial(DecisionClock, host=wrong()))
    clock = pool_clock(pool)
    clock.compare()
    return build_over(pool, settings, conninfo, CollectorRegistry(), clock=clock)


@pytest.fixture
def service(conn: Connection) -> dict[str, str]:
    """The headers of a service."""
    token, _ = create_token(conn, "operator", name="test", now=utc_now())
    tell(conn, *joined("user_ada"))
    return {"Authorization": f"Bearer {token}"}


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("PATCH", "/api/users/user_ada", {"industry": "x"}),
        ("POST", "/api/users/user_ada/usage", USAGE),
        ("POST", "/api/users/user_ada/plan", {"plan_key": "free", "reason": "r"}),
        ("POST", "/api/campaigns", {"user_id": "user_ada", "name": "c"}),
    ],
)
def test_a_decision_is_refused_with_a_problem(
    app: Flask, service: dict[str, str], conn: Connection, method: str, path: str, body: dict[str, object]
) -> None:
    before = conn.execute("SELECT count(*) FROM events").fetchone()
    conn.commit()

    response = app.test_client().open(path, method=method, json=body, headers=service)

    assert (response.status_code, response.get_json()["type"]) == (503, "urn:tenure:problem:clocks-differ")
    assert "40.0 days ahead" in response.get_json()["detail"]
    assert "Retry-After" in response.headers
    assert conn.execute("SELECT count(*) FROM events").fetchone() == before


def test_reading_goes_on(app: Flask, service: dict[str, str]) -> None:
    assert app.test_client().get("/api/users/user_ada", headers=service).status_code == 200


def test_every_webhook_is_appended(app: Flask, settings: Settings) -> None:
    world = make_world(5, 1, days=10, steps_per_user=3)
    client = httpx.Client(transport=httpx.WSGITransport(app=app), base_url="http://tenure.test")
    doors = Target(client=client, secrets=dev_secrets(settings.data_dir), clock=utc_now)

    answers = post_all(doors, world.deliveries, on_progress=lambda _: None)

    assert answers == {"appended": len(world.deliveries)}


def test_readiness_names_the_clock(app: Flask) -> None:
    causes = app.test_client().get("/readyz").get_json()["causes"]

    assert "40.0 days ahead" in causes["clock"]


@pytest.mark.parametrize(
    "words",
    [
        ("trial", "start", "user_ada", "--reason", "r"),
        ("config", "set", "trial.duration_days", "7"),
        ("log-level", "root", "DEBUG"),
        ("schedule", "run", "expire_trials"),
    ],
)
def test_a_command_that_decides_exits_with_one_line(
    tenure: Tenure, conn: Connection, monkeypatch: pytest.MonkeyPatch, words: tuple[str, ...]
) -> None:
    tell(conn, *joined("user_ada"))
    monkeypatch.setattr("service.decision_clocks.DecisionClock", partial(DecisionClock, host=wrong()))

    result = tenure(*words)

    assert (result.exit_code, len(result.stderr.splitlines())) == (1, 1), result.stderr
    assert "40.0 days ahead" in result.stderr
