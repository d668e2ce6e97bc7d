"""The log over HTTP."""

import json
from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any

import pytest
from flask import Flask
from psycopg import Connection

from api import auth
from handlers.tokens import TokenRefused, list_tokens, revoke_token
from queries import export_formats, rows
from queries.export_formats import FORMATS
from tests.api.conftest import Caller, Wall, access_log
from tests.queries.users import append_event, link

BODY = '{"id": "evt_1",  "amount": 1.10}'


@pytest.fixture
def log(conn: Connection[Any]) -> Connection[Any]:
    """Three events: two of user_1, one of a stranger."""
    link(conn, "cus_1", "user_1")
    append_event(conn, "evt_1", payload=BODY)
    append_event(conn, "msg_1", source_system="clerk", route_key="user_1", event_type="clerk.user.created")
    append_event(conn, "evt_2", route_key="cus_2")
    conn.commit()
    return conn


def test_bodies_are_left_out_unless_asked_for(log: Connection[Any], auditor: Caller) -> None:
    without = auditor.get("/api/events").json["items"]
    with_bodies = auditor.get("/api/events?include=data&limit=3")

    assert all("event_data" not in event for event in without)
    assert with_bodies.json["items"][2]["event_data"] == json.loads(BODY)
    assert BODY in with_bodies.text


def test_pages_lead_there_and_back(log: Connection[Any], auditor: Caller) -> None:
    first = auditor.get("/api/events?limit=2").json
    second = auditor.get(f"/api/events?limit=2&after={first['next']}").json
    back = auditor.get(f"/api/events?limit=2&before={second['previous']}").json

    assert [e["idempotency_key"] for e in first["items"] + second["items"]] == ["evt_2", "msg_1", "evt_1"]
    assert back["items"] == first["items"]
    assert (first["previous"], second["next"], back["previous"]) == (None, None, None)


def test_both_directions_at_once_are_refused(log: Connection[Any], auditor: Caller) -> None:
    cursor = auditor.get("/api/events?limit=1").json["next"]

    assert auditor.get(f"/api/events?after={cursor}&before={cursor}").status_code == 400


@pytest.mark.parametrize(
    ("query", "keys"),
    [
        ("user_id=user_1", ["msg_1", "evt_1"]),
        ("user_id=user_1&type=clerk.*", ["msg_1"]),
        ("source=clerk", ["msg_1"]),
        ("aggregate_id=cus_1&type=stripe.customer.updated", ["evt_2", "evt_1"]),
        ("recorded_after=2026-03-03T12:00:00.000001Z", ["evt_2", "msg_1", "evt_1"]),
        ("occurred_after=2026-03-03T12:00:00.000001Z&source=clerk", ["msg_1"]),
        ("occurred_after=2026-03-03T12:00:00.000002Z", []),
        ("occurred_before=2026-03-03T12:00:00.000001Z", []),
        ("recorded_before=2020-01-01T00:00:00Z", []),
    ],
)
def test_filters(log: Connection[Any], auditor: Caller, query: str, keys: list[str]) -> None:
    events = auditor.get(f"/api/events?{query}").json["items"]

    assert [event["idempotency_key"] for event in events] == keys


@pytest.mark.parametrize("query", ["source=paypal", "include=secrets", "after=AAAA", "occurred_after=now"])
def test_a_question_misspelt_is_refused(auditor: Caller, query: str) -> None:
    assert auditor.get(f"/api/events?{query}").status_code == 400


def test_one_event_has_its_body_and_is_noted(log: Connection[Any], auditor: Caller) -> None:
    by_key = auditor.get("/api/events/evt_1").json
    by_id = auditor.get(f"/api/events/{by_key['id']}").json

    assert by_key == by_id
    assert by_key["event_data"] == json.loads(BODY)
    assert access_log(log)[0][2:4] == ("cus_1", ["events", "event_data"])
    assert auditor.get("/api/events/evt_9").status_code == 404


def test_a_search_is_noted_under_whose_events_were_seen(log: Connection[Any], auditor: Caller) -> None:
    auditor.get("/api/events?limit=2")
    auditor.get("/api/events?user_id=user_1&include=data")

    assert [(row[2], row[3]) for row in access_log(log)] == [
        ("cus_2", ["events"]),
        ("user_1", ["events"]),
        ("user_1", ["events", "event_data"]),
    ]


def test_an_export_is_noted_before_its_first_byte(log: Connection[Any], auditor: Caller) -> None:
    answer = auditor.get("/api/events/export?user_id=user_1", buffered=False)
    noted = access_log(log)
    lines = answer.text.splitlines()
    answer.close()

    assert [row[2] for row in noted] == ["user_1"]
    assert [json.loads(line)["idempotency_key"] for line in lines] == ["evt_1", "msg_1"]
    assert answer.content_length is None


@pytest.mark.parametrize(
    ("name", "media_type"),
    [("jsonl", "application/jsonl"), ("csv", "text/csv"), ("parquet", "application/vnd.apache.parquet")],
)
def test_export_formats(log: Connection[Any], auditor: Caller, name: str, media_type: str) -> None:
    answer = auditor.get(f"/api/events/export?format={name}&include=data")

    assert (answer.status_code, answer.mimetype) == (200, media_type)
    assert answer.headers["Content-Disposition"] == f'attachment; filename="events.{name}"'
    assert len(answer.data) > 100


def test_only_a_few_exports_run_and_each_gives_its_turn_back(log: Connection[Any], auditor: Caller) -> None:
    running = [auditor.get("/api/events/export", buffered=False) for _ in range(2)]
    refused = auditor.get("/api/events/export")
    for response in running:
        response.close()
    after = auditor.get("/api/events/export")

    assert [response.status_code for response in running] == [200, 200]
    assert (refused.status_code, "Retry-After" in refused.headers) == (429, True)
    assert after.status_code == 200


def test_a_caller_who_hangs_up_leaves_no_connection_behind(log: Connection[Any], auditor: Caller) -> None:
    answer = auditor.get("/api/events/export?include=data", buffered=False)
    next(iter(answer.response))
    answer.close()

    assert _exports_left(log) == 0


def _exports_left(log: Connection[Any]) -> int:
    """Backends of exports once they had time to notice that their client is gone."""
    count = (
        "SELECT count(*) FROM pg_stat_activity, pg_sleep(0.1)"
        " WHERE application_name = 'export' AND datname = current_database()"
    )
    for _ in range(100):
        count_left = int((log.execute(count).fetchone() or (0,))[0])
        log.rollback()  # the statistics of a transaction stand still
        if count_left == 0:
            break
    return count_left


def test_a_failure_before_the_first_row_is_an_answer(
    log: Connection[Any], app: Flask, auditor: Caller, monkeypatch: pytest.MonkeyPatch
) -> None:
    log.execute("REVOKE SELECT ON events FROM tenure_app")
    log.commit()

    first = auditor.get("/api/events/export")
    log.execute("GRANT SELECT ON events TO tenure_app")
    log.commit()

    assert first.status_code == 500
    assert [auditor.get("/api/events/export", buffered=True).status_code for _ in range(3)] == [200, 200, 200]


def test_a_failure_on_the_way_breaks_the_stream(
    log: Connection[Any],
    auditor: Caller,
    own_connection: Callable[[], AbstractContextManager[Connection[Any]]],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def broken(rows: Any, *, bodies: bool) -> Any:
        yield b"{}\n"
        raise RuntimeError("disk on fire")

    monkeypatch.setitem(FORMATS, "jsonl", (broken, "application/jsonl"))

    answer = auditor.get("/api/events/export", buffered=False)
    pieces = iter(answer.response)
    assert next(pieces) == b"{}\n"
    with pytest.raises(RuntimeError, match="disk on fire"):
        next(pieces)
    answer.close()


def test_a_page_of_large_bodies_ends_early_and_the_next_one_goes_on(
    log: Connection[Any], auditor: Caller, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rows, "MAX_PAGE_BYTES", 1)
    pages = [auditor.get("/api/events?include=data").json]
    while pages[-1]["next"] is not None:
        pages.append(auditor.get(f"/api/events?include=data&after={pages[-1]['next']}").json)
    back = auditor.get(f"/api/events?include=data&before={pages[-1]['previous']}").json

    assert [[event["idempotency_key"] for event in page["items"]] for page in pages] == [
        ["evt_2"],
        ["msg_1"],
        ["evt_1"],
    ]
    assert back["items"] == pages[1]["items"]


def test_an_export_of_a_revoked_token_breaks_off(
    log: Connection[Any], auditor: Caller, wall: Wall, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(auth, "RECHECK_S", 0.0)
    monkeypatch.setattr(export_formats, "PIECE_BYTES", 1)
    answer = auditor.get("/api/events/export?format=jsonl")

    [token] = [token for token in list_tokens(log) if token.role == "auditor"]
    revoke_token(log, token.id, now=wall())
    log.commit()

    with pytest.raises(TokenRefused):
        list(answer.response)
    answer.close()
