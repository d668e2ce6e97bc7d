"""What an operator does to a user from their page: once, with a reason, or refused with a sentence."""

from typing import Any
from uuid import uuid4

import pytest

from console.pages.user_actions import ACTIONS
from database.pool import connect
from tests.actors import token_name
from tests.console.conftest import Person
from tests.console.pages import a_payer
from tests.console.world import HOSTILE_ID, POISONED_ID, STRANGER

USER = f"/users/{HOSTILE_ID}"


def act(person: Person, action: str, user: str = HOSTILE_ID, **fields: str) -> Any:  # Any: werkzeug's answer
    """Fill in a form of the user's page, with a reason and a key of its own unless given."""
    form = {"reason": "a <b>ticket</b>", "key": str(uuid4()), **fields}
    return person.send(f"/users/{user}/actions/{action}", f"/users/{user}", **form)


def written_facts(conninfo: str, event_type: str) -> list[tuple[Any, ...]]:  # Any: one type a column
    """(name of the token, reason) of the events of that type that the console wrote."""
    query = """SELECT metadata ->> 'actor',
                      coalesce(metadata ->> 'reason', event_data ->> 'decision_reason') FROM events
                WHERE event_type = %s AND idempotency_key LIKE 'console.%%' ORDER BY recorded_at"""
    with connect(conninfo, application_name="test") as conn:
        return [(token_name(actor), reason) for actor, reason in conn.execute(query, [event_type])]


STEPS: tuple[tuple[str, dict[str, str], str, str], ...] = (
    ("start-trial", {"days": "9", "plan_key": "glow_up"}, "trial.started", "trial active"),
    ("extend-trial", {"days": "3"}, "trial.extended", "trial active"),
    ("end-trial", {}, "trial.expired", "trial expired"),
    (
        "grant-plan",
        {"plan_key": "viral_surge", "until": "2090-01-01T00:00"},
        "entitlement.granted",
        "by grant",
    ),
    ("revoke-plan", {}, "entitlement.revoked", "Grant a plan"),
    ("link", {"customer_id": STRANGER}, "identity.linked", f"<option>{STRANGER}</option>"),
    ("unlink", {"customer_id": STRANGER}, "identity.unlinked", "Link a customer"),
    ("grant-admin", {}, "admin.granted", "Revoke admin"),
    ("revoke-admin", {}, "admin.revoked", "Make an administrator"),
)


def test_each_action_is_an_event_with_who_and_why(operator: Person, shop: str) -> None:
    assert {step[0] for step in STEPS} == set(ACTIONS)

    for action, fields, event_type, shown in STEPS:
        assert f"/actions/{action}" in operator.get(USER).text, action
        answer = act(operator, action, **fields)
        assert (action, answer.status_code, answer.location) == (action, 303, f"/console{USER}")
        assert (action, written_facts(shop, event_type)) == (action, [("the operator", "a <b>ticket</b>")])
        page = operator.get(USER).text
        assert shown in page, action
        assert "<b>ticket" not in page


def test_form_sent_twice_decides_once(operator: Person, shop: str) -> None:
    form = {"key": str(uuid4()), "days": "9"}

    answers = [act(operator, "start-trial", **form) for _ in range(2)]

    assert [answer.status_code for answer in answers] == [303, 303]
    assert len(written_facts(shop, "trial.started")) == 1


def test_form_sent_again_with_other_words_is_refused(operator: Person, shop: str) -> None:
    form = {"key": str(uuid4())}
    act(operator, "grant-plan", plan_key="glow_up", **form)

    answer = act(operator, "grant-plan", plan_key="fame_flex", **form)

    assert answer.status_code == 409
    assert "was already submitted" in answer.text
    assert len(written_facts(shop, "entitlement.granted")) == 1


def test_key_of_another_operator_is_another_key(operator: Person, visitor: Any, shop: str) -> None:
    form = {"key": str(uuid4())}
    act(operator, "grant-plan", plan_key="glow_up", **form)

    act(visitor("operator"), "grant-plan", plan_key="fame_flex", **form)

    assert len(written_facts(shop, "entitlement.granted")) == 2


def test_a_trial_of_nothing_is_warned_of(operator: Person) -> None:
    act(operator, "start-trial")

    assert "The trial has no plan" in operator.get(USER).text


def test_what_is_so_already_is_said_and_not_appended(operator: Person, shop: str) -> None:
    act(operator, "grant-admin")

    again = act(operator, "grant-admin")

    assert again.status_code == 303
    assert "Already in force; nothing was changed" in operator.get(USER).text
    assert len(written_facts(shop, "admin.granted")) == 1


REFUSED: tuple[tuple[str, dict[str, str], int, str], ...] = (
    ("extend-trial", {"days": "3"}, 409, "start one"),
    ("end-trial", {}, 409, "start one"),
    ("start-trial", {"days": "0"}, 400, "whole number from 1 to 365"),
    ("start-trial", {"days": "366"}, 400, "whole number from 1 to 365"),
    ("start-trial", {"days": "3", "until": "2090-01-01T00:00"}, 400, "found both"),
    ("start-trial", {"until": "2090-01-01T00:00"}, 409, "expected an end after now and by"),
    ("start-trial", {"until": "tomorrow"}, 400, "expected an instant"),
    ("grant-plan", {"plan_key": "gold"}, 409, "expected a plan of the catalog"),
    ("grant-plan", {"plan_key": "glow_up", "until": "2020-01-01T00:00"}, 409, "expected an end after now"),
    ("grant-plan", {}, 400, "expected something"),
    ("revoke-plan", {}, 409, "found none in force"),
    ("unlink", {"customer_id": STRANGER}, 409, "expected a customer of this user"),
    ("revoke-admin", {}, 409, "found another user"),
    ("grant-admin", {"reason": " "}, 400, "reason: expected something"),
    ("grant-admin", {"key": ""}, 400, "key: expected something"),
)


@pytest.mark.parametrize(("action", "fields", "code", "why"), REFUSED)
def test_refusal_is_said_on_the_users_page(
    operator: Person, shop: str, action: str, fields: dict[str, str], code: int, why: str
) -> None:
    answer = act(operator, action, **fields)

    assert answer.status_code == code
    assert why.lower() in answer.text.lower()
    assert f'id="do-{action}"' not in answer.text or f'id="do-{action}" open' in answer.text
    assert "History" in answer.text
    with connect(shop, application_name="test") as conn:
        query = "SELECT count(*) FROM events WHERE idempotency_key LIKE 'console.%'"
        assert conn.execute(query).fetchone() == (0,)


def test_refused_form_keeps_its_words_under_a_new_key(operator: Person) -> None:
    used = str(uuid4())

    page = act(operator, "start-trial", days="400", reason='"><i>', key=used).text

    assert 'value="400"' in page
    assert "&#34;&gt;&lt;i&gt;" in page
    assert used not in page


def test_user_whose_history_stops_is_given_nothing(operator: Person) -> None:
    answer = act(operator, "grant-plan", POISONED_ID, plan_key="glow_up")

    assert answer.status_code == 409
    assert "tenure quarantine retry" in answer.text


@pytest.mark.parametrize("path", ["/users/user_nobody/actions/link", f"{USER}/actions/nonsense"])
def test_unknown_user_or_action_is_not_here(operator: Person, path: str) -> None:
    answer = operator.send(path, USER, reason="r", key="k", customer_id="cus_1")

    assert answer.status_code == 404


def test_past_offers_no_action(operator: Person, shop: str) -> None:
    with connect(shop, application_name="test") as conn:
        payer = a_payer(conn)

    assert "/actions/" in operator.get(f"/users/{payer}").text
    for clock in ("as_of", "known_at"):
        assert "/actions/" not in operator.get(f"/users/{payer}?{clock}=2090-01-01T00:00").text
