"""What operators decide over HTTP: with a reason, noted as theirs, and undone by a counter-event."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from psycopg import Connection

from events.domain.user import PlanSelected
from handlers.tokens import Role, create_token
from queries.instants import iso
from tests.actors import token_name
from tests.api.conftest import NOW, Answer, Caller, Wall
from tests.handlers.users import joined, row, sold, tell, types_of
from tests.projections.event_builders import linked, own, stripe, subscription

ADA = "user_ada"
DAY = timedelta(days=1)


@pytest.fixture(autouse=True)
def ada(conn: Connection[Any]) -> None:
    tell(conn, *sold(), *joined(ADA, "user_bob"))


def order(caller: Caller, what: str, *, user: str = ADA, key: str | None = None, **fields: object) -> Answer:
    return ask(caller, what, {"reason": "they asked", **fields}, user=user, key=key)


def ask(caller: Caller, what: str, body: object, *, user: str = ADA, key: str | None = None) -> Answer:
    headers = {} if key is None else {"Idempotency-Key": key}
    return caller.ask("POST", f"/api/users/{user}/{what}", json=body, headers=headers)


def test_a_trial_is_started_extended_and_ended(operator: Caller, conn: Connection[Any]) -> None:
    started = order(operator, "trial", plan_key="glow_up")
    assert started.json["ends_at"] == iso(NOW + 7 * DAY)
    assert row(conn, ADA)["current_plan"] == "glow_up"

    extended = order(operator, "trial", days=3)
    assert extended.json["ends_at"] == iso(NOW + 10 * DAY)

    ended = order(operator, "trial", action="end")
    assert ended.json["trial"] == "ended"
    assert row(conn, ADA)["trial_status"] == "expired"
    assert types_of(conn, ADA)[1:] == ["trial.started", "trial.extended", "trial.expired"]


def test_a_trial_of_nothing_is_warned_of(operator: Caller, conn: Connection[Any]) -> None:
    tell(conn, own(PlanSelected(plan_key="glow_up"), user="user_bob"))

    nothing = order(operator, "trial")
    something = order(operator, "trial", user="user_bob")

    assert nothing.json["plan"] is None
    assert "plan_key" in nothing.json["warning"]
    assert something.json["plan"] == row(conn, "user_bob")["current_plan"] == "glow_up"
    assert "warning" not in something.json


def test_an_extension_is_undone_by_an_earlier_end(operator: Caller, conn: Connection[Any]) -> None:
    order(operator, "trial")
    order(operator, "trial", days=30)

    order(operator, "trial", action="extend", until=iso(NOW + 7 * DAY))

    assert row(conn, ADA)["trial_end_date"] == NOW + 7 * DAY


def test_the_event_says_who_and_why(operator: Caller, conn: Connection[Any]) -> None:
    order(operator, "admin", is_admin=True)

    [(actor, reason)] = conn.execute(
        "SELECT metadata ->> 'actor', event_data ->> 'decision_reason'"
        " FROM events WHERE event_type = 'admin.granted'"
    ).fetchall()
    assert (token_name(actor), reason) == ("the operator", "they asked")


def test_two_tokens_of_one_name_are_two_actors(operator: Caller, conn: Connection[Any]) -> None:
    text, other = create_token(conn, "operator", name="the operator", now=NOW)
    conn.commit()

    order(operator, "admin", is_admin=True)
    order(Caller(operator.client, text), "admin", is_admin=False)

    query = "SELECT metadata ->> 'actor' FROM events WHERE event_type ~ '^admin' ORDER BY recorded_at"
    first, second = (actor for (actor,) in conn.execute(query))
    assert token_name(first) == token_name(second) == "the operator"
    assert second == f"token:{other.id} the operator" != first
    steps = operator.get(f"/api/users/{ADA}/history").json["items"]
    assert {step["actor"] for step in steps if step["event_type"].startswith("admin")} == {first, second}


def test_a_grant_and_its_undoing(operator: Caller, conn: Connection[Any]) -> None:
    order(operator, "plan", plan_key="glow_up", until=iso(NOW + DAY))
    granted = row(conn, ADA)["current_plan"]
    response = order(operator, "plan", plan_key=None)

    assert granted == "glow_up"
    assert response.json["replaced"] == "glow_up"
    assert row(conn, ADA)["current_plan"] == "free"
    assert order(operator, "plan", plan_key=None).json["type"] == "urn:tenure:problem:nothing-to-undo"


def test_a_link_folds_the_customers_history_in_and_out(operator: Caller, conn: Connection[Any]) -> None:
    price = {"id": "price_glow_up_monthly"}
    tell(conn, stripe("customer.subscription.created", subscription("active", price=price), at=60))

    order(operator, "link", customer_id="cus_ada")
    linked = row(conn, ADA)["subscription_status"]
    order(operator, "link", customer_id="cus_ada", linked=False)

    assert linked == "active"
    assert row(conn, ADA)["subscription_status"] == "none"


def test_a_link_moves_a_customer_from_somebody_else(operator: Caller, conn: Connection[Any]) -> None:
    payload = subscription("active", price={"id": "price_glow_up_monthly"}, metadata={"userId": "user_bob"})
    tell(conn, stripe("customer.subscription.created", payload, at=60))

    order(operator, "link", customer_id="cus_ada")

    assert [row(conn, user_id)["current_plan"] for user_id in (ADA, "user_bob")] == ["glow_up", "free"]


def test_an_administrator_is_made_and_unmade(operator: Caller, conn: Connection[Any]) -> None:
    order(operator, "admin", is_admin=True)
    is_admin = row(conn, ADA)["is_admin"]
    order(operator, "admin", is_admin=False)

    assert (is_admin, row(conn, ADA)["is_admin"]) == (True, False)
    assert order(operator, "admin", is_admin=False).status_code == 409


def test_the_same_key_decides_once(operator: Caller, conn: Connection[Any], wall: Wall) -> None:
    first = order(operator, "trial", days=5, key="once")
    wall.move(DAY)
    again = order(operator, "trial", days=5, key="once")
    other = order(operator, "trial", days=6, key="once")

    assert again.data == first.data
    assert other.json["type"] == "urn:tenure:problem:idempotency-conflict"
    assert types_of(conn, ADA) == ["usage.reset", "trial.started"]


SAME: tuple[tuple[str, dict[str, object]], ...] = (
    ("plan", {"plan_key": "glow_up"}),
    ("plan", {"plan_key": "glow_up", "until": "2090-01-01T00:00:00Z"}),
    ("link", {"customer_id": "cus_ada"}),
    ("admin", {"is_admin": True}),
)


@pytest.mark.parametrize(("what", "fields"), SAME)
def test_what_is_so_already_appends_nothing(
    operator: Caller, conn: Connection[Any], what: str, fields: dict[str, object]
) -> None:
    body = {"reason": "they asked", **fields}
    first = ask(operator, what, body, key="first")
    again = ask(operator, what, body, key="second")
    repeated = ask(operator, what, body, key="first")

    assert (again.status_code, again.json["changed"], again.json["event_id"]) == (200, False, None)
    assert first.json["changed"] is True
    assert repeated.data == first.data
    assert len(types_of(conn, ADA)) == 1


def test_another_end_of_the_same_plan_is_a_change(operator: Caller) -> None:
    order(operator, "plan", plan_key="glow_up")

    assert order(operator, "plan", plan_key="glow_up", until=iso(NOW + DAY)).json["changed"] is True


def test_an_operator_may_make_a_providers_link_firm(operator: Caller, conn: Connection[Any]) -> None:
    tell(conn, linked())

    firm = order(operator, "link", customer_id="cus_ada")
    order(operator, "link", customer_id="cus_ada", linked=False)
    back = order(operator, "link", customer_id="cus_ada")

    assert (firm.json["changed"], back.json["changed"]) == (True, True)


@pytest.mark.parametrize(
    ("what", "fields", "problem"),
    [
        ("trial", {"action": "end"}, "trial-refused"),
        ("trial", {"action": "extend"}, "trial-refused"),
        ("trial", {"plan_key": "no_such"}, "plan-unknown"),
        ("trial", {"until": "2026-03-03T11:59:59Z"}, "unusable-instant"),
        ("plan", {"plan_key": "no_such"}, "plan-unknown"),
        ("plan", {"plan_key": "glow_up", "until": "2020-01-01T00:00:00Z"}, "unusable-instant"),
        ("link", {"customer_id": "cus_x", "linked": False}, "nothing-to-undo"),
    ],
)
def test_what_can_not_be_done_is_a_409(
    operator: Caller, what: str, fields: dict[str, object], problem: str
) -> None:
    answer = ask(operator, what, {"reason": "they asked"} | fields)

    assert (answer.status_code, answer.json["type"]) == (409, f"urn:tenure:problem:{problem}")


@pytest.mark.parametrize(
    ("what", "fields"),
    [
        ("trial", {"reason": ""}),
        ("trial", {"reason": "  "}),
        ("trial", {"reason": None}),
        ("trial", {"days": 5, "until": "2026-04-01T00:00:00Z"}),
        ("trial", {"action": "end", "days": 5}),
        ("trial", {"days": 0}),
        ("trial", {"days": 366}),
        ("plan", {}),
        ("plan", {"plan_key": ""}),
        ("admin", {"is_admin": None}),
    ],
)
def test_nonsense_is_a_400(operator: Caller, what: str, fields: dict[str, object]) -> None:
    assert ask(operator, what, {"reason": "they asked"} | fields).status_code == 400


def test_a_stripe_trial_is_moved_at_stripe(operator: Caller, conn: Connection[Any]) -> None:
    payload = subscription(
        "trialing", metadata={"userId": ADA}, trial_start=1_767_225_600, trial_end=1_790_000_000
    )
    tell(conn, stripe("customer.subscription.created", payload, at=60))

    refused = [order(operator, "trial", action=action) for action in ("start", "extend", "end")]

    assert {answer.json["type"] for answer in refused} == {"urn:tenure:problem:trial-refused"}
    assert "Stripe" in refused[0].json["detail"]


@pytest.mark.parametrize("what", ["trial", "plan", "link", "admin"])
@pytest.mark.parametrize("role", ["service", "auditor"])
def test_only_operators_decide(caller: Callable[[Role], Caller], what: str, role: Role) -> None:
    assert order(caller(role), what).status_code == 403


def test_a_stranger_is_a_404(operator: Caller) -> None:
    assert order(operator, "trial", user="user_x").status_code == 404
    assert order(operator, "link", user="user_x", customer_id="cus_ada").status_code == 404
