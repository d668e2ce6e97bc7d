"""Who gets in."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any
from uuid import uuid4

import psycopg
import pytest
from flask import Flask
from psycopg import Connection

from api.throttle import FREE_FAILURES, MAX_CLIENTS, Throttle, client_of
from handlers.tokens import (
    Caller as Holder,
)
from handlers.tokens import (
    Role,
    TokenRefused,
    UnusableTokenRequest,
    check_token,
    create_token,
    list_tokens,
    note_reads,
    revoke_token,
)
from tests.api.conftest import NOW, Caller, Wall, as_service

GUARDED = ["/api/users", "/api/users/user_1", "/api/events", "/api/events/evt_1", "/api/plans"]
MINUTE = timedelta(minutes=1)


def test_a_token_is_kept_only_as_a_digest(conn: Connection[Any]) -> None:
    text, token = create_token(conn, "service", name="web", now=NOW)

    kept = conn.execute("SELECT t::text FROM api_tokens t").fetchone()
    assert kept is not None
    assert text.startswith("tnr_service_")
    assert len(text) == len("tnr_service_") + 43
    assert text.split("_", 2)[2] not in kept[0]
    assert check_token(conn, text, now=NOW) == Holder(token.id, "web", "service")


def test_two_tokens_are_never_alike(conn: Connection[Any]) -> None:
    texts = {create_token(conn, "auditor", name="a", now=NOW)[0] for _ in range(20)}

    assert len(texts) == 20


@pytest.mark.parametrize(
    ("role", "name", "after"),
    [("root", "x", None), ("service", "", None), ("service", "a\nb", None), ("auditor", "x", -MINUTE)],
)
def test_a_token_that_makes_no_sense_is_not_made(
    conn: Connection[Any], role: str, name: str, after: timedelta | None
) -> None:
    with pytest.raises(UnusableTokenRequest):
        create_token(conn, role, name=name, now=NOW, expires_at=None if after is None else NOW + after)

    assert list_tokens(conn) == []


def test_a_token_ends_at_its_expiry_to_the_microsecond(conn: Connection[Any]) -> None:
    ends_at = NOW + MINUTE
    text, _ = create_token(conn, "service", name="x", now=NOW, expires_at=ends_at)

    check_token(conn, text, now=ends_at - timedelta(microseconds=1))
    with pytest.raises(TokenRefused, match="expired"):
        check_token(conn, text, now=ends_at)


def test_a_revoked_token_opens_nothing_and_keeps_its_first_time(conn: Connection[Any]) -> None:
    text, token = create_token(conn, "service", name="x", now=NOW)

    first = revoke_token(conn, token.id, now=NOW)
    second = revoke_token(conn, token.id, now=NOW + MINUTE)

    assert first == second
    assert first is not None
    assert first.revoked_at == NOW
    assert revoke_token(conn, uuid4(), now=NOW) is None
    with pytest.raises(TokenRefused, match="revoked"):
        check_token(conn, text, now=NOW)


@pytest.mark.parametrize(
    "text", ["", "tnr_", "x" * 60, "tnr_root_" + "A" * 43, "tnr_service_" + "é" * 43, "tnr_service_\ud800"]
)
def test_what_is_no_token_never_reaches_the_database(conn: Connection[Any], text: str) -> None:
    conn.close()

    with pytest.raises(TokenRefused):
        check_token(conn, text, now=NOW)


def test_last_use_is_noted_at_most_once_a_minute(conn: Connection[Any]) -> None:
    text, _ = create_token(conn, "service", name="x", now=NOW)

    seen = []
    for seconds in (0, 30, 59, 60, 61):
        check_token(conn, text, now=NOW + timedelta(seconds=seconds))
        seen.append(list_tokens(conn)[0].last_used_at)

    assert seen == [NOW, NOW, NOW, NOW + MINUTE, NOW + MINUTE]


def test_noting_the_last_use_waits_for_nobody(conn: Connection[Any], conninfo: str) -> None:
    text, _ = create_token(conn, "service", name="x", now=NOW)
    conn.commit()
    check_token(conn, text, now=NOW)  # holds the row until it commits

    with Connection.connect(conninfo, options="-c lock_timeout=500ms") as other:
        assert check_token(other, text, now=NOW).name == "x"


@pytest.mark.parametrize("path", GUARDED)
def test_without_a_token_there_is_nothing(anyone: Caller, path: str) -> None:
    answer = anyone.get(path)

    assert answer.status_code == 401
    assert answer.headers["WWW-Authenticate"].startswith("Bearer")
    assert answer.mimetype == "application/problem+json"


@pytest.mark.parametrize(
    "header", ["Basic x", "Bearer", "Bearer ", "tnr_service_x", "Bearer tnr_service_" + "A" * 43, "Bearer é"]
)
def test_a_wrong_header_is_a_401(anyone: Caller, header: str) -> None:
    assert anyone.get("/api/users", headers={"Authorization": header}).status_code == 401


@pytest.mark.parametrize(
    ("role", "path", "status"),
    [
        ("service", "/api/users", 200),
        ("auditor", "/api/users", 200),
        ("operator", "/api/users", 200),
        ("service", "/api/events", 403),
        ("service", "/api/events/export", 403),
        ("service", "/api/users/user_1/history", 403),
        ("service", "/api/users/user_1/explain/email", 403),
        ("auditor", "/api/events", 200),
        ("operator", "/api/events", 200),
        ("auditor", "/api/plans", 403),
        ("service", "/api/plans", 200),
    ],
)
def test_roles(caller: Callable[[Role], Caller], role: Role, path: str, status: int) -> None:
    answer = caller(role).get(path)

    assert answer.status_code == status


def test_an_auditor_changes_nothing(auditor: Caller, conn: Connection[Any]) -> None:
    answer = auditor.patch("/api/users/user_1", {"industry": "x"})

    assert answer.status_code == 403
    assert conn.execute("SELECT count(*) FROM events").fetchone() == (0,)


def test_guesses_wait_longer_and_longer(app: Flask, wall: Wall) -> None:
    client = app.test_client()
    wrong = {"Authorization": "Bearer tnr_service_" + "A" * 43}

    statuses = [client.get("/api/users", headers=wrong).status_code for _ in range(FREE_FAILURES + 2)]
    waits = []
    for _ in range(4):
        wait_s = int(client.get("/api/users", headers=wrong).headers["Retry-After"])
        waits.append(wait_s)
        wall.move(timedelta(seconds=wait_s))
        assert client.get("/api/users", headers=wrong).status_code == 401

    assert statuses == [401] * FREE_FAILURES + [429] * 2
    assert waits == [1, 2, 4, 8]


def test_guesses_of_a_stranger_lock_out_nobody(app: Flask, service: Caller) -> None:
    assert service.get("/api/users").status_code == 200
    wrong = {"Authorization": "Bearer tnr_service_" + "A" * 43}
    for _ in range(FREE_FAILURES + 1):
        last = app.test_client().get("/api/users", headers=wrong)

    assert last.status_code == 429
    assert service.get("/api/users").status_code == 200


def test_a_token_revoked_meanwhile_is_no_longer_let_through(
    conn: Connection[Any], service: Caller, wall: Wall
) -> None:
    assert service.get("/api/users").status_code == 200
    conn.execute("UPDATE api_tokens SET revoked_at = %s", [NOW])
    conn.commit()

    statuses = [service.get("/api/users").status_code for _ in range(FREE_FAILURES + 1)]

    assert statuses == [401] * FREE_FAILURES + [429]


def test_failures_are_forgotten_and_the_memory_is_bounded() -> None:
    throttle = Throttle()
    for _ in range(FREE_FAILURES):
        throttle.failed("10.0.0.1", b"x", now=NOW)
    assert throttle.wait_s("10.0.0.1", b"x", now=NOW) == 1
    throttle.failed("10.0.0.1", b"x", now=NOW + timedelta(hours=1))
    assert throttle.wait_s("10.0.0.1", b"x", now=NOW + timedelta(hours=1)) == 0

    for n in range(MAX_CLIENTS + 10):
        throttle.failed(f"host-{n}", b"x", now=NOW)
    assert len(throttle._failures) == MAX_CLIENTS


def test_no_wait_is_longer_than_five_minutes() -> None:
    throttle = Throttle()
    for _ in range(200):
        throttle.failed("10.0.0.1", b"x", now=NOW)

    assert throttle.wait_s("10.0.0.1", b"x", now=NOW) == 300


def test_one_ipv6_network_is_one_client() -> None:
    assert client_of("2001:db8::1") == client_of("2001:db8::ffff:1")
    assert client_of("2001:db8::1") != client_of("2001:db8:0:1::1")
    assert client_of("192.0.2.1") != client_of("192.0.2.2")


def test_a_note_of_reads_is_one_line_a_person(conn: Connection[Any]) -> None:
    holder = Holder(None, "cli", "operator")

    note_reads(conn, holder, subjects=["b", "a", "b"], fields=["email"], reason="ticket 7")
    note_reads(conn, holder, subjects=[], fields=["email"], reason="nobody")

    rows = conn.execute("SELECT subject_id, reader, reason FROM access_log ORDER BY 1").fetchall()
    assert rows == [("a", "cli", "ticket 7"), ("b", "cli", "ticket 7")]


def test_the_service_can_not_rewrite_the_access_log(conn: Connection[Any]) -> None:
    note_reads(conn, Holder(None, "x", "operator"), subjects=["a"], fields=["e"], reason="r")
    conn.commit()
    as_service(conn)

    for change in ("UPDATE access_log SET reader = 'y'", "DELETE FROM access_log"):
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            conn.execute(change)
        conn.rollback()
