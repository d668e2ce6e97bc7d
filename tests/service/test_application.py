"""The app as it is served: what API and console share."""

import re
from pathlib import Path

import pytest
import structlog
from flask.testing import FlaskClient
from prometheus_client import CollectorRegistry

from api.throttle import FREE_FAILURES
from database import migrations
from database.pool import Connection, Pool
from service.application import build_over
from settings import Settings
from tests.databases import Database
from tests.installation import Tenure, as_url
from webhooks.verification import Body

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


def test_an_older_schema_is_not_ready(stranger: FlaskClient, conn: Connection) -> None:
    assert stranger.get("/readyz").get_json()["checks"]["schema"] == "ok"
    conn.execute("DELETE FROM migration_manifest WHERE migration_id > '0018_z'")
    conn.execute(
        "INSERT INTO migration_manifest (migration_id, sha256) VALUES ('9999_of_a_successor', %s)", ["0" * 64]
    )
    conn.commit()

    answer = stranger.get("/readyz")

    assert answer.status_code == 503
    waiting = sum(name > "0018_z" for name in migrations.names())
    assert answer.get_json()["causes"]["schema"] == f"{waiting} migrations wait; run tenure migrate up"


def test_what_nobody_foresaw_is_answered_counted_and_told(
    stranger: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(_: object) -> Body:
        raise RuntimeError("nobody foresaw this")

    monkeypatch.setattr("webhooks.endpoint.read_body", broken)
    with structlog.testing.capture_logs() as logged:
        answer = stranger.post("/webhooks/stripe", headers={"X-Request-Id": "told-by-id"})

    assert (answer.status_code, answer.get_json()["type"]) == (500, "urn:tenure:problem:internal")
    assert [(line["event"], line["request_id"]) for line in logged] == [
        ("unexpected error", "told-by-id"),
        ("webhook delivery", "told-by-id"),
    ]
    counted = 'tenure_webhooks_total{outcome="failed",source="stripe"} 1.0'
    assert counted in stranger.get("/metrics").text


@pytest.mark.parametrize("command", ["serve", "work"])
def test_a_database_without_a_schema_is_one_word(
    command: str, tenure: Tenure, empty_database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DATABASE_URL", as_url(empty_database.conninfo))

    answer = tenure(command, *(["--port", "0"] if command == "serve" else []))

    assert answer.exit_code == 1
    assert "has no schema of Tenure: tenure migrate up" in answer.stderr
    assert len(answer.stderr.splitlines()) == 1


def test_work_without_a_database_names_the_next_step(tenure: Tenure, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATABASE_URL", "postgresql://x:y@127.0.0.1:1/z")

    answer = tenure("work")

    assert answer.exit_code == 1
    assert "start it or correct DATABASE_URL" in answer.stderr
    assert len(answer.stderr.splitlines()) == 1


def test_a_file_is_no_data_directory(tenure: Tenure, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").write_text("mine")
    monkeypatch.delenv("DATABASE_URL")
    monkeypatch.setenv("TENURE_DATA_DIR", str(tmp_path / "file"))

    answer = tenure("migrate", "up")

    assert answer.exit_code == 1
    assert "expected a directory in TENURE_DATA_DIR, found a file" in answer.stderr
