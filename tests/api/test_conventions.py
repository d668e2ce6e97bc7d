"""What holds for every answer: problems, headers, ids, limits, health, docs."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from flask import Flask
from prometheus_client import CollectorRegistry
from psycopg import Connection
from psycopg_pool import ConnectionPool

from api.app import create_app
from api.health import lag_check
from events.clock import utc_now
from queries.instants import iso, read_iso, read_lenient
from tests.api.conftest import Caller, Wall
from tests.captured_logs import own_lines
from tests.queries.users import add_plan, append_event

pytestmark = pytest.mark.usefixtures("live_events_only")

Connect = Callable[[], AbstractContextManager[Connection[Any]]]


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/nowhere", 404),
        ("GET", "/api/nowhere", 404),
        ("DELETE", "/api/users", 405),
        ("POST", "/healthz", 405),
        ("GET", "/api/users?x=" + "y" * 5000, 414),
    ],
)
def test_every_error_is_a_problem(anyone: Caller, method: str, path: str, status: int) -> None:
    answer = anyone.ask(method, path)

    assert answer.status_code == status
    assert answer.mimetype == "application/problem+json"
    assert answer.json.keys() >= {"type", "title", "status", "detail"}
    assert answer.json["status"] == status
    assert status != 405 or "GET" in answer.headers["Allow"]


def test_what_was_not_foreseen_gives_nothing_away(app: Flask) -> None:
    def broken() -> str:
        raise RuntimeError("password=hunter2")

    app.add_url_rule("/api/broken", view_func=broken)
    with own_lines() as logged:
        answer = app.test_client().get("/api/broken", headers={"X-Request-Id": "the-request"})

    assert answer.status_code == 500
    assert "hunter2" not in answer.text
    assert "RuntimeError" not in answer.text
    assert answer.headers["X-Request-Id"] == "the-request"
    assert any(entry["event"] == "unexpected error" for entry in logged)


@pytest.mark.parametrize("path", ["/healthz", "/nowhere", "/docs", "/openapi.json", "/api/users"])
def test_every_answer_has_the_headers(anyone: Caller, path: str) -> None:
    headers = anyone.get(path).headers

    assert headers["X-Content-Type-Options"] == "nosniff"
    assert "default-src 'none'" in headers["Content-Security-Policy"]
    assert "unsafe" not in headers["Content-Security-Policy"]
    assert headers["X-Frame-Options"] == "DENY"
    assert headers["Cache-Control"] == "no-store"
    assert "Strict-Transport-Security" not in headers


def test_strict_transport_is_asked_only_over_tls(anyone: Caller) -> None:
    headers = anyone.get("/healthz", base_url="https://localhost").headers

    assert "max-age" in headers["Strict-Transport-Security"]


@pytest.mark.parametrize(
    ("request_id", "kept"),
    [("abcdefgh", True), ("a" * 64, True), ("short", False), ("a" * 65, False), ("a b c d e f", False)],
)
def test_a_request_id_is_taken_only_when_safe(anyone: Caller, request_id: str, kept: bool) -> None:
    answered = anyone.get("/healthz", headers={"X-Request-Id": request_id}).headers["X-Request-Id"]

    assert (answered == request_id) is kept
    assert len(answered) >= 8


def test_the_request_id_reaches_the_event(conn: Connection[Any], service: Caller) -> None:
    service.patch("/api/users/user_1", {"industry": "x"}, headers={"X-Request-Id": "flow-0001"})

    row = conn.execute("SELECT correlation_id, metadata->>'request_id' FROM events").fetchone()
    assert row == ("flow-0001", "flow-0001")


def test_no_address_reaches_the_log(service: Caller) -> None:
    with own_lines() as logged:
        service.get("/api/users?email=ada@example.com")
        service.get("/api/users/user_secret")

    assert len(logged) == 2
    assert "ada@" not in str(logged)
    assert "user_secret" not in str(logged)


def test_metrics_name_routes_and_never_addresses(anyone: Caller) -> None:
    for path in ("/api/users/user_1", "/nowhere/at/all"):
        anyone.get(path)

    text = anyone.get("/metrics").text
    assert 'route="/api/users/<key:user_id>",status="401"' in text
    assert 'route="(none)",status="404"' in text
    assert "user_1" not in text


def test_readiness_names_its_causes(
    service_pool: ConnectionPool[Connection[Any]], own_connection: Connect, wall: Wall
) -> None:
    def broken() -> str | None:
        raise ValueError("secret particulars")

    app = create_app(
        pool=service_pool,
        clock=wall,
        connect=own_connection,
        checks={"migrations": lambda: "2 migrations are pending", "fine": lambda: None, "odd": broken},
    )

    answer = app.test_client().get("/readyz")

    assert answer.status_code == 503
    assert answer.get_json()["causes"] == {
        "migrations": "2 migrations are pending",
        "odd": "the check itself failed (ValueError)",
    }


def test_ready_with_a_database(anyone: Caller) -> None:
    assert anyone.get("/readyz").json == {"status": "ready", "checks": {"database": "ok"}}


def test_a_database_gone_is_a_503(anyone: Caller, service: Caller, app: Flask) -> None:
    app.extensions["tenure.api"].pool.close()

    assert anyone.get("/healthz").status_code == 200
    assert anyone.get("/readyz").status_code == 503
    answer = service.get("/api/users")
    assert (answer.status_code, "Retry-After" in answer.headers) == (503, True)


def test_lag_is_a_cause_only_when_an_event_waits_too_long(
    conn: Connection[Any], service_pool: ConnectionPool[Connection[Any]]
) -> None:
    recorded_at = append_event(conn, "evt_1").recorded_at
    append_event(conn, "evt_2")
    conn.commit()

    def cause(after_s: int) -> str | None:
        now = recorded_at + timedelta(seconds=after_s)
        return lag_check(service_pool, lambda: now, most=timedelta(seconds=30))()

    assert cause(30) is None
    assert cause(31) == "2 events wait to be projected, the first for 31 s"
    conn.execute(
        "UPDATE projection_checkpoints c SET position = h.head FROM part_heads h WHERE h.part = c.part"
    )
    conn.commit()
    assert cause(1000) is None


def test_a_projector_without_progress_is_a_cause(
    conn: Connection[Any], service_pool: ConnectionPool[Connection[Any]]
) -> None:
    """Told by the database's clock alone, so that a process without a projector knows it as well."""
    check = lag_check(service_pool, utc_now, most=timedelta(minutes=1))
    append_event(conn, "evt_1")
    conn.commit()
    just_appended = check()
    with conn.transaction():
        conn.execute("ALTER TABLE events DISABLE TRIGGER events_no_update")
        conn.execute("UPDATE events SET recorded_at = now() - interval '30 s'")
    moved_before = "UPDATE projection_checkpoints SET moved_at = now() - interval '%s s'"
    conn.execute((moved_before % 5).encode())
    conn.commit()
    slow = check()
    conn.execute((moved_before % 25).encode())
    conn.commit()

    assert (just_appended, slow) == (None, None)
    assert "no projector has made progress for 25 s although 1 event waits" in (check() or "")


def test_plans_in_order_with_money_as_whole_numbers(conn: Connection[Any], service: Caller) -> None:
    add_plan(conn, "b", display_order=2)
    add_plan(conn, "a", display_order=3, is_active=False)
    add_plan(conn, "c", display_order=1)
    conn.commit()

    plans = service.get("/api/plans").json["items"]
    active = service.get("/api/plans?active=true").json["items"]

    assert [plan["plan_key"] for plan in plans] == ["c", "b", "a"]
    assert [plan["plan_key"] for plan in active] == ["c", "b"]
    assert (plans[0]["price_monthly"], plans[0]["creators_limit"]) == (9900, -1)


def test_docs_have_no_script_and_no_foreign_address(anyone: Caller) -> None:
    page = anyone.get("/docs")

    assert page.status_code == 200
    assert "<script" not in page.text
    assert "https://" not in page.text
    assert "/api/users/{user_id}" in page.text
    assert anyone.get("/docs/docs.css").status_code == 200


def test_the_document_lists_every_address_once(app: Flask, anyone: Caller) -> None:
    document = anyone.get("/openapi.json").json
    ids = [operation["operationId"] for path in document["paths"].values() for operation in path.values()]

    assert document["openapi"].startswith("3.1")
    assert len(ids) == len(set(ids))
    assert {"users.show", "users.change", "events.show_all", "export.show", "plans.show_all"} <= set(ids)
    assert "#/components/schemas/Event" in str(document["components"]["schemas"]["Events"])


def test_the_document_names_the_roles_where_a_token_is_required(anyone: Caller) -> None:
    document = anyone.get("/openapi.json").json
    operations = {one["operationId"]: one for path in document["paths"].values() for one in path.values()}
    guarded = {name for name, one in operations.items() if one["security"]}

    assert {name for name, one in operations.items() if "\n\nFor: " in f"\n\n{one['description']}"} == guarded
    assert {name for name, one in operations.items() if {"401", "403"} <= set(one["responses"])} == guarded
    assert len(guarded) > 40


def test_a_parameter_in_the_document_is_never_null(anyone: Caller) -> None:
    document = anyone.get("/openapi.json").json
    operations = [one for path in document["paths"].values() for one in path.values()]
    schemas = [parameter["schema"] for one in operations for parameter in one["parameters"]]

    assert schemas
    assert all("type" in schema or "const" in schema for schema in schemas), schemas
    assert not [schema for schema in schemas if "null" in str(schema) or schema.get("default", ...) is None]


def test_two_apps_in_one_process_document_the_same(
    service_pool: ConnectionPool[Connection[Any]], own_connection: Connect, wall: Wall, anyone: Caller
) -> None:
    again = create_app(pool=service_pool, clock=wall, connect=own_connection, registry=CollectorRegistry())

    assert again.test_client().get("/openapi.json").json == anyone.get("/openapi.json").json


@pytest.mark.parametrize(
    ("at", "text"),
    [
        (datetime(2026, 1, 1, tzinfo=UTC), "2026-01-01T00:00:00Z"),
        (datetime(2026, 1, 1, 0, 0, 0, 1, UTC), "2026-01-01T00:00:00.000001Z"),
        (datetime(2026, 1, 1, 0, 0, 0, 120000, UTC), "2026-01-01T00:00:00.120000Z"),
    ],
)
def test_an_instant_survives_its_text(at: datetime, text: str) -> None:
    assert iso(at) == text
    assert read_iso(text) == at


@pytest.mark.parametrize(
    "text",
    [
        "2026-03-03",
        "2026-03-03T00:00Z",
        "2026-03-03 00:00:00Z",
        "2026-03-03t01:00+01:00",
        "2026-03-03T01:00 01:00",
    ],
)
def test_what_people_write_is_an_instant(text: str) -> None:
    assert read_lenient(text) == datetime(2026, 3, 3, tzinfo=UTC)


def test_docs_are_grouped_and_closed_until_opened(anyone: Caller) -> None:
    page = anyone.get("/docs").text
    operations = sum(len(path) for path in anyone.get("/openapi.json").json["paths"].values())

    assert page.count("<summary>") > operations > 40
    assert "<details open" not in page
    assert 'id="group-users"' in page


def test_docs_render_code_between_backticks(anyone: Caller) -> None:
    page = anyone.get("/docs").text

    assert "<code>include=jobs</code>" in page
    assert "`" not in page
