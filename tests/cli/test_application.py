"""The app as it is served: what API and console share."""

import re

import pytest
from flask.testing import FlaskClient
from prometheus_client import CollectorRegistry

from api.throttle import FREE_FAILURES
from cli.application import build_over
from database.pool import Pool
from settings import Settings

GUESS = "tnr_operator_" + "x" * 43


@pytest.fixture
def stranger(settings: Settings, pool: Pool, conninfo: str) -> FlaskClient:
    return build_over(pool, settings, conninfo, CollectorRegistry()).test_client()


def ask(stranger: FlaskClient) -> int:
    """A guess at the API."""
    return stranger.get("/api/users", headers={"Authorization": f"Bearer {GUESS}"}).status_code


def sign_in(stranger: FlaskClient) -> int:
    """A guess at the console."""
    form = re.search(r'name="csrf_token" value="([^"]+)"', stranger.get("/console/sign-in").text)
    assert form is not None
    return stranger.post("/console/sign-in", data={"csrf_token": form[1], "token": GUESS}).status_code


def test_guesses_at_the_api_count_at_the_console(stranger: FlaskClient) -> None:
    assert [ask(stranger) for _ in range(FREE_FAILURES)] == [401] * FREE_FAILURES

    assert sign_in(stranger) == 429


def test_guesses_at_the_console_count_at_the_api(stranger: FlaskClient) -> None:
    assert [sign_in(stranger) for _ in range(FREE_FAILURES)] == [401] * FREE_FAILURES

    assert ask(stranger) == 429
