"""Usage and entitlements over HTTP."""

from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Barrier
from typing import Any

import pytest
from flask import Flask
from psycopg import Connection

from events.append import append
from events.domain.user import EntitlementGranted, TrialStarted
from handlers.tokens import Role
from queries.instants import iso
from tests.api.conftest import NOW, Answer, Caller, Wall, access_log
from tests.handlers.users import joined, sold, tell
from tests.projections.event_builders import clerk, own, stripe, subscription, user

ADA = "user_ada"
USAGE = f"/api/users/{ADA}/usage"
ENTITLEMENTS = f"/api/users/{ADA}/entitlements"
DAY = 86_400
GOOD: dict[str, object] = {"metric": "creators", "quantity": 1, "idempotency_key": "k"}


@pytest.fixture(autouse=True)
def ada(conn: Connection[Any]) -> None:
    tell(conn, *sold(campaigns=3, creators=100, exports=True), *joined(ADA))


def use(caller: Caller, quantity: int = 1, key: str = "k") -> Answer:
    return caller.ask("POST", USAGE, json=GOOD | {"quantity": quantity, "idempotency_key": key})


def test_the_answer_has_the_totals_and_the_profile_agrees(service: Caller) -> None:
    answer = use(service, 30)

    assert answer.status_code == 200
    assert answer.json["used"] == {"campaigns": 0, "creators": 30, "enrichments": 0}
    assert answer.json["remaining"] == {"campaigns": 3, "creators": 70, "enrichments": None}
    assert service.get(f"/api/users/{ADA}").json["usage_creators_current_month"] == 30


def test_too_much_is_a_409_with_what_remains(service: Caller) -> None:
    use(service, 90, "a")

    answer = use(service, 11, "b")

    assert answer.status_code == 409
    assert answer.mimetype == "application/problem+json"
    assert answer.json["type"] == "urn:tenure:problem:limit-exceeded"
    assert (answer.json["remaining"], answer.json["limit"], answer.json["used"]) == (10, 100, 90)


def test_the_same_key_gives_the_same_bytes(service: Caller, wall: Wall) -> None:
    first = use(service, 5)
    use(service, 6, "other")
    wall.move(timedelta(days=1))

    again = use(service, 5)

    assert again.data == first.data
    assert (first.headers.get("Idempotent-Replayed"), again.headers["Idempotent-Replayed"]) == (None, "true")


def test_the_same_key_with_another_body_is_a_409(service: Caller) -> None:
    use(service, 5)

    assert use(service, 6).json["type"] == "urn:tenure:problem:idempotency-conflict"


def test_a_stranger_is_a_404(service: Caller) -> None:
    assert service.ask("POST", "/api/users/user_x/usage", json=GOOD).status_code == 404
    assert service.get("/api/users/user_x/entitlements").status_code == 404


@pytest.mark.parametrize(
    "fields",
    [
        {"quantity": 0},
        {"quantity": -1},
        {"quantity": 1.5},
        {"quantity": "1"},
        {"quantity": True},
        {"quantity": 1_000_000_001},
        {"quantity": 10**40},
        {"metric": "money"},
        {"metric": None},
        {"idempotency_key": ""},
        {"idempotency_key": "k" * 201},
        {"idempotency_key": 7},
        {"surprise": 1},
    ],
)
def test_nonsense_is_a_400_and_counts_nothing(
    service: Caller, conn: Connection[Any], fields: dict[str, object]
) -> None:
    answer = service.ask("POST", USAGE, json=GOOD | fields)

    assert answer.status_code == 400
    assert conn.execute("SELECT count(*) FROM events WHERE event_type = 'usage.recorded'").fetchone() == (0,)


@pytest.mark.parametrize("role", ["auditor"])
def test_only_services_count(caller: Callable[[Role], Caller], role: Role) -> None:
    assert use(caller(role)).status_code == 403
    assert caller(role).get(ENTITLEMENTS).status_code == 403


def test_who_was_deleted_is_a_409(conn: Connection[Any], service: Caller) -> None:
    tell(conn, clerk("user.deleted", {"id": ADA, "deleted": True}, at=60))

    assert use(service).json["type"] == "urn:tenure:problem:user-deleted"


def test_a_quarantined_history_is_a_409_that_names_the_event(conn: Connection[Any], service: Caller) -> None:
    tell(conn, clerk("user.updated", user(ADA) | {"email_addresses": 7}, at=60))

    answer = use(service)
    event = service.get(f"/api/users/{ADA}").json["quarantine"]["event_id"]

    assert (answer.json["type"], answer.json["event_id"]) == ("urn:tenure:problem:user-quarantined", event)


def test_a_projector_far_behind_is_a_503(
    conn: Connection[Any], service: Caller, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("projections.decision_transaction.MAX_PENDING", 0)
    append(conn, clerk("user.updated", user(ADA), at=60))
    conn.commit()

    answer = use(service)

    assert answer.status_code == 503
    assert answer.headers["Retry-After"]


def test_clients_at_once_over_http_never_pass_the_limit(app: Flask, service: Caller) -> None:
    gate = Barrier(16)

    def client(number: int) -> list[int]:
        mine = Caller(app.test_client(), service.token)
        gate.wait()
        return [use(mine, 3, f"{number}-{turn}").status_code for turn in range(4)]

    with ThreadPoolExecutor(16) as threads:
        answers = Counter(status for statuses in threads.map(client, range(16)) for status in statuses)

    assert answers == {200: 33, 409: 31}
    assert service.get(f"/api/users/{ADA}").json["usage_creators_current_month"] == 99


def test_entitlements_of_the_free_plan(service: Caller, conn: Connection[Any]) -> None:
    use(service, 5)

    entitlements = service.get(ENTITLEMENTS).json

    assert entitlements["limits"] == {"campaigns": 3, "creators": 100, "enrichments": None}
    assert entitlements["used"] == {"campaigns": 0, "creators": 5, "enrichments": 0}
    assert entitlements["remaining"] == {"campaigns": 3, "creators": 95, "enrichments": None}
    assert entitlements["features"] == {"exports": True}
    assert entitlements["why"] == {
        "plan": "free",
        "source": "free",
        "subscription_status": "none",
        "until": None,
        "event_id": None,
    }
    assert ("the service", "service", ADA, ["entitlements"]) in [row[:4] for row in access_log(conn)]


def test_entitlements_say_why(service: Caller, conn: Connection[Any]) -> None:
    starts = {"starts_at": NOW - timedelta(days=1), "ends_at": NOW + timedelta(days=6)}
    tell(conn, own(TrialStarted(plan_key="glow_up", **starts), at=60 * DAY, key="t"))
    trial = service.get(ENTITLEMENTS).json["why"]
    price = {"id": "price_glow_up_monthly"}
    bought = subscription("past_due", price=price, metadata={"userId": ADA})
    tell(conn, stripe("customer.subscription.created", bought, at=60 * DAY + 1, key="evt_1"))
    paid = service.get(ENTITLEMENTS).json["why"]
    tell(
        conn,
        own(EntitlementGranted(plan_key="glow_up", until=NOW + timedelta(days=1)), at=60 * DAY + 2, key="g"),
    )
    reasons = service.get(ENTITLEMENTS).json["why"]

    ids = dict(conn.execute("SELECT idempotency_key, id::text FROM events").fetchall())
    assert (trial["source"], trial["event_id"], trial["until"]) == (
        "own_trial",
        ids["t"],
        iso(NOW + timedelta(days=6)),
    )
    assert (paid["source"], paid["event_id"], paid["subscription_status"]) == (
        "subscription",
        ids["evt_1"],
        "past_due",
    )
    assert (reasons["source"], reasons["event_id"]) == ("grant", ids["g"])


def test_what_time_has_ended_is_over_before_anybody_says_so(
    service: Caller, conn: Connection[Any], wall: Wall
) -> None:
    use(service, 5)
    tell(conn, own(EntitlementGranted(plan_key="glow_up", until=NOW + timedelta(hours=1)), at=62 * DAY))
    wall.move(timedelta(days=31))

    entitlements = service.get(ENTITLEMENTS).json

    assert (entitlements["why"]["source"], entitlements["limits"]["creators"]) == ("free", 100)
    assert (entitlements["used"]["creators"], entitlements["resets_at"]) == (0, "2026-05-01T00:00:00Z")


def test_entitlements_as_of_then(service: Caller, conn: Connection[Any]) -> None:
    tell(conn, own(EntitlementGranted(plan_key="glow_up"), at=10 * DAY, key="g"))

    before = service.get(f"{ENTITLEMENTS}?as_of=2026-01-05T00:00:00Z").json
    after = service.get(f"{ENTITLEMENTS}?as_of=2026-01-15T00:00:00Z").json
    unknown = service.get(f"{ENTITLEMENTS}?known_at=2020-01-05T00:00:00Z")

    ids = dict(conn.execute("SELECT idempotency_key, id::text FROM events").fetchall())
    assert before["why"]["source"] == "free"
    assert (after["why"]["plan"], after["why"]["event_id"]) == ("glow_up", ids["g"])
    assert unknown.status_code == 404


def test_a_state_that_cannot_be_read_is_a_503_with_the_next_step(
    service: Caller, conn: Connection[Any]
) -> None:
    conn.execute("UPDATE projection_states SET state = '3' WHERE user_id = %s", [ADA])
    conn.commit()

    response = service.get(ENTITLEMENTS)

    assert (response.status_code, response.json["title"]) == (503, "State unreadable")
    assert f"tenure replay --user {ADA}" in response.json["detail"]
