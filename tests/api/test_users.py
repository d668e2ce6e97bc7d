"""Profiles over HTTP."""

from datetime import timedelta
from typing import Any

import psycopg
import pytest
from psycopg import Connection
from psycopg.types.json import Jsonb

import api.auth
from events.domain import plan_event, user_event
from events.domain.system import PlanRetired
from events.domain.user import ProfileUpdated
from queries.profile import COLUMNS
from tests.actors import token_name
from tests.api.conftest import NOW, Caller, access_log
from tests.handlers.users import joined, sold, tell
from tests.projections.event_builders import clerk
from tests.queries.users import add_user, link


def appended_facts(conn: Connection[Any]) -> list[tuple[Any, ...]]:
    """(type, body, actor) of each event that a request appended."""
    return conn.execute(
        "SELECT event_type, event_data::jsonb, metadata->>'actor' FROM events "
        "WHERE idempotency_key LIKE '%%profile:%%' ORDER BY part, position"
    ).fetchall()


def test_the_profile_is_flat_and_noted(conn: Connection[Any], service: Caller) -> None:
    add_user(conn, "user_1", users={"email": "a@example.com"}, user_billing={"card_exp_year": 2031})
    conn.commit()

    answer = service.get(
        "/api/users/user_1", headers={"X-Reason": "ticket 7 für Ada".encode().decode("latin-1")}
    )

    assert answer.status_code == 200
    assert set(answer.json) == {*COLUMNS, "stale", "quarantine"}
    assert (answer.json["card_exp_year"], answer.json["created_at"]) == (2031, "2026-03-03T12:00:00.000001Z")
    assert access_log(conn) == [("the service", "service", "user_1", list(COLUMNS), "ticket 7 für Ada")]


def test_without_a_reason_the_route_is_noted(conn: Connection[Any], auditor: Caller) -> None:
    add_user(conn, "user_1")
    conn.commit()

    auditor.get("/api/users/user_1")

    assert access_log(conn)[0][4] == "GET /api/users/<key:user_id>"


def test_a_read_that_can_not_be_noted_gives_nothing(
    conn: Connection[Any], service: Caller, monkeypatch: pytest.MonkeyPatch
) -> None:
    add_user(conn, "user_1", users={"email": "a@example.com"})
    conn.commit()

    def broken(*_: object, **__: object) -> None:
        raise psycopg.errors.DiskFull("no space left")

    monkeypatch.setattr(api.auth, "note_reads", broken)
    answer = service.get("/api/users/user_1")

    assert answer.status_code == 503
    assert "example.com" not in answer.text


@pytest.mark.parametrize("reason", ["x" * 501, "\xff\xfe"])
def test_a_reason_nobody_can_read_is_refused(conn: Connection[Any], service: Caller, reason: str) -> None:
    add_user(conn, "user_1")
    conn.commit()

    assert service.get("/api/users/user_1", headers={"X-Reason": reason}).status_code == 400
    assert access_log(conn) == []


@pytest.mark.parametrize("user_id", ["user_x", "%00", "a%0Ab", "x" * 201, "💥", "' OR 1=1 --"])
def test_nobody_is_a_404(conn: Connection[Any], service: Caller, user_id: str) -> None:
    answer = service.get(f"/api/users/{user_id}")

    assert answer.status_code == 404
    assert answer.json["type"] == "urn:tenure:problem:not-found"
    assert access_log(conn) == []


def test_numbers_json_can_not_hold_in_64_bits_arrive_whole(conn: Connection[Any], service: Caller) -> None:
    huge = 123456789012345678901234567890
    add_user(conn, "user_1", user_usage={"plan_features": Jsonb({"n": huge})})
    conn.commit()

    assert service.get("/api/users/user_1").json["plan_features"] == {"n": huge}


@pytest.mark.parametrize(
    ("instant", "explanation"),
    [
        ("2026-03-03T12:00:00", "time zone"),
        ("2026-03-03 12:00", "time zone"),
        ("2026-03-03T12:00:00.1234567Z", "six decimals"),
        ("1700000000", "such as"),
        ("2026-02-30T12:00:00Z", "exists"),
        ("0001-01-01T00:00:00%2B23:59", "exists"),
        ("２０26-03-03T12:00:00Z", "such as"),
        ("now", "such as"),
        ("9999-12-31T23:59:59.999999Z", "1970 to 2999"),
        ("1969-12-31T23:59:59Z", "1970 to 2999"),
    ],
)
def test_an_instant_that_is_none_is_explained(service: Caller, instant: str, explanation: str) -> None:
    answer = service.get(f"/api/users/user_1?as_of={instant}")

    assert answer.status_code == 400
    assert answer.json["detail"].startswith("as_of: ")
    assert explanation in answer.json["detail"]


def test_the_past_is_asked_to_the_microsecond(conn: Connection[Any], service: Caller) -> None:
    from events.append import append

    us = timedelta(microseconds=1)
    for n, word in enumerate(["one", "two"]):
        fact = ProfileUpdated(industry=word)
        append(conn, user_event(fact, user_id="user_1", now=NOW + n * us, idempotency_key=word))
    conn.commit()

    def industry(at: str) -> object:
        return service.get(f"/api/users/user_1?as_of={at}").json["industry"]

    assert industry("2026-03-03T12:00:00.000001Z") == "two"
    assert industry("2026-03-03T12:00:00Z") == "one"
    assert industry("2026-03-03T13:00:00%2B01:00") == "one"
    assert industry("2026-03-03T13:00:00+01:00") == "one"
    assert service.get("/api/users/user_1?as_of=2026-03-03T11:59:59Z").status_code == 404


def test_history_and_explain_name_the_event(conn: Connection[Any], auditor: Caller) -> None:
    from events.append import append

    updates = [
        append(
            conn,
            user_event(
                ProfileUpdated(industry=word),
                user_id="user_1",
                now=NOW + n * timedelta(seconds=1),
                idempotency_key=word,
                actor="me",
            ),
        )
        for n, word in enumerate(["one", "two", "three"])
    ]
    conn.commit()

    whole = auditor.get("/api/users/user_1/history").json
    first = auditor.get("/api/users/user_1/history?limit=2").json
    rest = auditor.get(f"/api/users/user_1/history?limit=2&after={first['next']}").json
    why = auditor.get("/api/users/user_1/explain/industry").json

    assert [step["event_id"] for step in whole["items"]] == [str(update.id) for update in updates]
    assert first["items"] + rest["items"] == whole["items"]
    assert (whole["next"], rest["next"]) == (None, None)
    assert (why["value"], why["event_id"]) == ("three", str(updates[2].id))
    assert (why["undecided"], why["undecided_reason"]) == (False, None)
    assert auditor.get("/api/users/user_1/explain/shoe_size").status_code == 404
    assert auditor.get("/api/users/user_x/history").status_code == 404
    assert auditor.get("/api/users/user_1/history?after=nonsense").status_code == 400


def test_the_list_pages_filters_and_notes_each_person(conn: Connection[Any], auditor: Caller) -> None:
    for n in range(3):
        add_user(conn, f"user_{n}", user_subscriptions={"subscription_status": "active"})
    add_user(conn, "user_z")
    link(conn, "cus_1", "user_z")
    conn.commit()

    first = auditor.get("/api/users?subscription_status=active&limit=2").json
    rest = auditor.get(f"/api/users?subscription_status=active&limit=2&after={first['next']}").json
    by_customer = auditor.get("/api/users?stripe_customer_id=cus_1").json

    seen = [row["user_id"] for row in first["items"] + rest["items"]]
    assert sorted(seen) == ["user_0", "user_1", "user_2"]
    assert rest["next"] is None
    assert [row["user_id"] for row in by_customer["items"]] == ["user_z"]
    assert sorted(row[2] for row in access_log(conn)) == ["user_0", "user_1", "user_2", "user_z"]


@pytest.mark.parametrize(
    "query",
    ["limit=0", "limit=201", "limit=x", "after=!", "after=AAAA", "emial=a", "email=a&email=b"],
)
def test_a_question_misspelt_is_refused(service: Caller, query: str) -> None:
    answer = service.get(f"/api/users?{query}")

    assert answer.status_code == 400
    assert answer.mimetype == "application/problem+json"


def test_an_unknown_parameter_is_told_the_known_ones(service: Caller) -> None:
    assert "allowed: after, email, limit," in service.get("/api/users?emial=a").json["detail"]


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ({"industry": "art"}, [("profile.updated", {"industry": "art"})]),
        ({"industry": None}, [("profile.updated", {"industry": None})]),
        (
            {"onboarding_step": "step-1", "business_name": "Ada & Co"},
            [("onboarding.step_completed", {"step": "step-1", "business_name": "Ada & Co"})],
        ),
        (
            {"onboarding_step": "completed", "industry": "art", "intended_plan": "glow_up"},
            [
                ("profile.updated", {"industry": "art"}),
                ("onboarding.completed", {}),
                ("plan.selected", {"plan_key": "glow_up"}),
            ],
        ),
    ],
)
def test_a_change_becomes_facts(
    conn: Connection[Any], service: Caller, body: dict[str, Any], expected: list[tuple[str, Any]]
) -> None:
    tell(conn, *sold())

    answer = service.patch("/api/users/user_1", body)

    assert answer.status_code == 200
    assert [event["event_type"] for event in answer.json["events"]] == [kind for kind, _ in expected]
    facts = [(kind, data, token_name(actor)) for kind, data, actor in appended_facts(conn)]
    assert facts == [(kind, data, "the service") for kind, data in expected]


@pytest.mark.parametrize(
    ("body", "explanation"),
    [
        ({}, "at least one of"),
        ({"email": "x@example.com"}, "email: unknown; allowed: brand_description, business_name,"),
        ({"onboarding_step": "pending"}, "onboarding_step"),
        ({"onboarding_step": None}, "null"),
        ({"intended_plan": None}, "null"),
        ({"industry": "x" * 10_001}, "industry"),
        ({"industry": 7}, "industry"),
    ],
)
def test_a_change_that_says_nothing_usable_is_refused(
    conn: Connection[Any], service: Caller, body: dict[str, Any], explanation: str
) -> None:
    answer = service.patch("/api/users/user_1", body)

    assert answer.status_code == 400
    assert explanation in answer.json["detail"]
    assert appended_facts(conn) == []


@pytest.mark.parametrize(
    ("body", "content_type", "status"),
    [
        (b"{", "application/json", 400),
        (b"[]", "application/json", 400),
        (b"", "application/json", 400),
        (b'{"industry": "\xff"}', "application/json", 400),
        (b'{"a":' * 5000 + b"1" + b"}" * 5000, "application/json", 400),
        (b'{"industry": NaN}', "application/json", 400),
        (b"industry=x", "application/x-www-form-urlencoded", 415),
        (b'{"industry": "x"}', "text/plain", 415),
        (b'{"industry": "' + b"x" * 70_000 + b'"}', "application/json", 413),
    ],
)
def test_a_body_that_is_no_change_is_refused(
    service: Caller, body: bytes, content_type: str, status: int
) -> None:
    answer = service.ask("PATCH", "/api/users/user_1", data=body, content_type=content_type)

    assert answer.status_code == status
    assert answer.mimetype == "application/problem+json"


def test_the_same_request_counts_once(conn: Connection[Any], service: Caller) -> None:
    once = {"Idempotency-Key": "k-1"}
    body = {"industry": "art", "onboarding_step": "completed"}

    first = service.patch("/api/users/user_1", body, headers=once).json
    again = service.patch("/api/users/user_1", body, headers=once).json

    assert [event["outcome"] for event in first["events"]] == ["appended", "appended"]
    assert [event["outcome"] for event in again["events"]] == ["duplicate", "duplicate"]
    assert [event["id"] for event in first["events"]] == [event["id"] for event in again["events"]]
    assert len(appended_facts(conn)) == 2


@pytest.mark.parametrize(
    "other",
    [
        {"industry": "music"},
        {"business_name": "B"},
        {"industry": "art", "onboarding_step": "completed"},
        {"onboarding_step": "completed"},
    ],
)
def test_a_key_used_for_something_else_changes_nothing(
    conn: Connection[Any], service: Caller, other: dict[str, Any]
) -> None:
    once = {"Idempotency-Key": "k-1"}
    service.patch("/api/users/user_1", {"industry": "art"}, headers=once)

    answer = service.patch("/api/users/user_1", other, headers=once)

    assert answer.status_code == 409
    assert answer.json["type"] == "urn:tenure:problem:idempotency-conflict"
    assert len(appended_facts(conn)) == 1
    assert conn.execute("SELECT count(*) FROM event_conflicts").fetchone() == (0,)


def test_one_key_serves_two_users(conn: Connection[Any], service: Caller) -> None:
    once = {"Idempotency-Key": "k-1"}

    for user_id in ("user_1", "user_2"):
        assert service.patch(f"/api/users/{user_id}", {"industry": "art"}, headers=once).status_code == 200

    assert len(appended_facts(conn)) == 2


def test_without_a_key_each_request_counts(conn: Connection[Any], service: Caller) -> None:
    for _ in range(2):
        service.patch("/api/users/user_1", {"industry": "art"})

    assert len(appended_facts(conn)) == 2


def test_a_plan_not_for_sale_is_refused_whole(conn: Connection[Any], service: Caller) -> None:
    tell(conn, *sold(), plan_event(PlanRetired(plan_key="free"), now=NOW, idempotency_key="retired"))

    for plan in ("free", "nonsense"):
        answer = service.patch("/api/users/user_1", {"industry": "art", "intended_plan": plan})
        assert answer.status_code == 409
        assert answer.json["for_sale"] == ["glow_up"]
    assert appended_facts(conn) == []


def test_nothing_is_said_about_the_deleted(conn: Connection[Any], service: Caller) -> None:
    tell(conn, *joined("user_1"), clerk("user.deleted", {"id": "user_1", "deleted": True}, at=60))

    answer = service.patch("/api/users/user_1", {"industry": "art"})

    assert (answer.status_code, answer.json["type"]) == (409, "urn:tenure:problem:user-deleted")
    assert appended_facts(conn) == []


def test_a_change_may_outrun_clerk_but_not_invent_people(conn: Connection[Any], service: Caller) -> None:
    assert service.patch("/api/users/user_new", {"industry": "art"}).status_code == 200
    assert service.patch("/api/users/somebody", {"industry": "art"}).status_code == 404
    tell(conn, *joined("somebody"))
    assert service.patch("/api/users/somebody", {"industry": "art"}).status_code == 200


@pytest.mark.parametrize("path", ["", "/history", "/explain/email", "/entitlements"])
@pytest.mark.parametrize("clock", ["as_of", "known_at"])
def test_an_instant_that_has_not_come_is_refused(operator: Caller, path: str, clock: str) -> None:
    answer = operator.get(f"/api/users/user_1{path}?{clock}={NOW.year + 1}-01-01")
    whole_log = operator.get(f"/api/users/user_1{path}?{clock}=2099-01-01")

    assert answer.status_code == 400
    assert whole_log.status_code in (200, 404)
    assert answer.json["type"].endswith("in-the-future")
    assert "leave it out for the present" in answer.json["detail"]
