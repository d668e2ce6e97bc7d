"""The recorded events of both providers, signed afresh: each is answered 200 and kept once."""

import json
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient
from psycopg import Connection
from psycopg_pool import ConnectionPool
from werkzeug.test import TestResponse

from tests.webhooks.conftest import Doors
from tests.webhooks.signing import clerk_headers, stripe_headers


def recorded(folder: Path) -> list[tuple[str, dict[str, Any]]]:
    """(a name of its own, the event) for every line in the folder."""
    events = []
    for path in sorted(folder.glob("*.jsonl")):
        for number, line in enumerate(path.read_text().splitlines()):
            events.append((f"{path.stem}-{number}", json.loads(line)["event"]))
    assert events
    return events


@pytest.fixture
def client(doors: Doors, pool: ConnectionPool[Any]) -> FlaskClient:
    return doors(pool)


def test_every_recorded_stripe_event_is_kept_once(
    client: FlaskClient, conn: Connection[Any], corpus: Path
) -> None:
    # Many of the recordings share an id, so each gets one of its own.
    events = recorded(corpus / "stripe")
    bodies = [json.dumps(event | {"id": f"evt_{name}"}).encode() for name, event in events]
    for expected in ("appended", "duplicate"):
        for body in bodies:
            response = client.post("/webhooks/stripe", data=body, headers=stripe_headers(body))
            assert (response.status_code, status(response)) == (200, expected), body

    assert kept(conn, "stripe") == len(bodies)


def test_every_recorded_clerk_event_is_kept_once(
    client: FlaskClient, conn: Connection[Any], corpus: Path
) -> None:
    messages = [(f"msg_{name}", json.dumps(event)) for name, event in recorded(corpus / "clerk")]
    for expected in ("appended", "duplicate"):
        for msg_id, text in messages:
            headers = clerk_headers(text.encode(), msg_id=msg_id)
            response = client.post("/webhooks/clerk", data=text, headers=headers)
            assert (response.status_code, status(response)) == (200, expected), text

    assert kept(conn, "clerk") == len(messages)


def test_events_as_recorded_are_all_answered_200(client: FlaskClient, corpus: Path) -> None:
    for _, event in recorded(corpus / "stripe"):
        body = json.dumps(event).encode()
        response = client.post("/webhooks/stripe", data=body, headers=stripe_headers(body))
        assert response.status_code == 200, body


def status(response: TestResponse) -> object:
    return (response.get_json() or {}).get("status")


def kept(conn: Connection[Any], source: str) -> int:
    row = conn.execute("SELECT count(*) FROM events WHERE source_system = %s", [source]).fetchone()
    assert row is not None
    return int(row[0])
