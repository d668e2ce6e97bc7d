"""The lane before Flask: the doors answer there as they do inside, and nobody else is kept from Flask."""

from typing import Any, NoReturn, cast

import psycopg
import pytest
from flask import Flask
from werkzeug.test import Client, TestResponse

from database.pool import open_pool
from tests.webhooks.conftest import UntouchablePool
from tests.webhooks.signing import NOW, STRIPE_SECRET, stripe_headers
from webhooks import WebhookMiddleware, stripe_endpoint
from webhooks.store import Pool
from webhooks.verification import MAX_BODY_BYTES

BODY = b'{"id":"evt_lane","object":"event","type":"customer.created","data":{"object":{}}}'


def _client(pool: object) -> Client:
    app = Flask(__name__)
    app.add_url_rule("/beyond", view_func=lambda: "beyond")
    door = stripe_endpoint(cast("Pool", pool), (STRIPE_SECRET,), lambda: NOW)
    app.register_blueprint(door.blueprint())
    return Client(WebhookMiddleware([door], app.wsgi_app))


def _post(client: Client, body: bytes = BODY, **headers: str) -> TestResponse:
    return client.post("/webhooks/stripe", data=body, headers={**stripe_headers(body), **headers})


def test_only_posts_to_a_door_end_in_the_lane() -> None:
    client = _client(UntouchablePool())

    assert client.get("/beyond").text == "beyond"
    assert client.get("/webhooks/stripe").status_code == 405
    assert client.post("/webhooks/stripe/", data=BODY).status_code == 404


@pytest.mark.parametrize(("size", "status"), [(10, 400), (MAX_BODY_BYTES + 1, 413)])
def test_refusals_are_those_of_the_door(size: int, status: int) -> None:
    answer = _client(UntouchablePool()).post("/webhooks/stripe", data=b"x" * size)

    assert answer.status_code == status
    assert answer.mimetype == "application/problem+json"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"


def test_an_error_nobody_foresaw_is_a_problem_without_particulars(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(incoming: object) -> NoReturn:
        raise LookupError("maria@example.org")

    monkeypatch.setattr("webhooks.endpoint.read_body", broken)

    answer = _post(_client(UntouchablePool()))

    assert answer.status_code == 500
    assert answer.mimetype == "application/problem+json"
    assert "maria" not in answer.text


def test_connections_the_server_cut_meanwhile_cost_no_delivery(
    conninfo: str, conn: psycopg.Connection[Any]
) -> None:
    with open_pool(
        conninfo, application_name="cut", min_size=3, max_size=3, tested=False, autocommit=True
    ) as pool:
        pool.wait()
        client = _client(pool)
        conn.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE application_name = 'cut' AND datname = current_database()"
        )
        conn.commit()

        first, again = _post(client), _post(client)

    assert (first.status_code, again.status_code) == (200, 200)
    assert (first.json or {})["status"] == "appended"
    assert again.json == {"status": "duplicate", "event_id": (first.json or {})["event_id"]}
