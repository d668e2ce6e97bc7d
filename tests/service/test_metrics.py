"""What /metrics says of the doors, the log and the tables."""

from collections.abc import Iterable
from datetime import datetime

import httpx
import pytest
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import Metric

from database.pool import Pool, open_pool
from demo.sender import Target
from demo.world import DemoWorld
from events.clock import utc_now
from events.statements import AnyConnection
from service.metrics import DatabaseMetrics, standing


def _values(text: str) -> dict[str, float]:
    samples = [line.split(" ") for line in text.splitlines() if not line.startswith("#")]
    return {name: float(value) for name, value in samples}


def test_scrape_tells_how_log_and_tables_stand(doors: Target, shop: DemoWorld) -> None:
    values = _values(doors.client.get("/metrics").text)

    assert values["tenure_database_up"] == 1
    assert values["tenure_log_events"] == len(shop.deliveries)
    assert values["tenure_projection_lag_events"] == 0
    assert values["tenure_projection_lag_seconds"] == 0


def test_refused_deliveries_are_counted(doors: Target) -> None:
    answer = doors.client.post("/webhooks/stripe", content=b"{}")

    values = _values(doors.client.get("/metrics").text)
    assert answer.status_code == httpx.codes.BAD_REQUEST
    assert values['tenure_webhooks_total{outcome="refused",source="stripe"}'] == 1


def test_waiting_events_show_as_lag(doors: Target, shop: DemoWorld, pool: Pool) -> None:
    with pool.connection() as conn:
        conn.execute("UPDATE projection_checkpoints SET position = 0")

    values = _values(doors.client.get("/metrics").text)

    assert values["tenure_projection_lag_events"] == len(shop.deliveries)
    assert values["tenure_projection_lag_seconds"] > 0


def test_users_who_wait_to_be_folded_again_are_counted(doors: Target, shop: DemoWorld, pool: Pool) -> None:
    with pool.connection() as conn:
        conn.execute(
            "UPDATE projection_states"
            " SET refold_after = 0, refold_until = 0, refold_since = now() - interval '1 h'"
        )
        (users,) = conn.execute("SELECT count(*) FROM projection_states").fetchall()[0]

    values = _values(doors.client.get("/metrics").text)

    assert values["tenure_refolds_waiting_users"] == users > 0
    assert values["tenure_refolds_waiting_seconds"] >= 3600


def test_database_away_is_a_value_not_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("service.metrics.TIMEOUT_S", 0.1)
    registry = CollectorRegistry()
    with open_pool("host=127.0.0.1 port=1 dbname=x", application_name="test") as away:
        registry.register(DatabaseMetrics(away, utc_now, [standing, standing]))

        values = _values(generate_latest(registry).decode())

    assert values == {"tenure_database_up": 0.0}


def test_one_question_that_fails_takes_no_other_answer(pool: Pool) -> None:
    def broken(conn: AnyConnection, _: datetime) -> Iterable[Metric]:
        conn.execute("SELECT 1 / 0")
        return []

    registry = CollectorRegistry()
    registry.register(DatabaseMetrics(pool, utc_now, [broken, standing]))

    values = _values(generate_latest(registry).decode())

    assert values["tenure_database_up"] == 1
    assert "tenure_log_events" in values
