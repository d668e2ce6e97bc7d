"""What may be changed, by whom, and only from our own forms."""

import re
from datetime import UTC, datetime
from uuid import uuid4

import pytest
from flask import Flask

from console.pages.user_actions import ACTIONS
from database.pool import connect
from jobs import enqueue
from outbound.email.scheduling import EMAIL_JOB
from tests.actors import token_name
from tests.console.conftest import Person, csrf_token, make_token
from tests.console.pages import a_payer
from tests.console.world import HOSTILE_ID, POISONED_ID, STRANGER
from tests.handlers.users import tell
from tests.projections.event_builders import clerk, linked, user

SOME_ID = "00000000-0000-7000-8000-000000000000"
FORMS = (
    "/tokens",
    f"/tokens/{SOME_ID}/revoke",
    f"/customers/{STRANGER}/link",
    f"/quarantine/{POISONED_ID}/retry",
    f"/jobs/{SOME_ID}/retry",
    f"/jobs/{SOME_ID}/cancel",
    "/configuration",
    "/configuration/log-level",
    *(f"/users/{HOSTILE_ID}/actions/{action}" for action in ACTIONS),
    f"/users/{HOSTILE_ID}/erase",
)


@pytest.mark.parametrize("path", [*FORMS, "/sign-in", "/sign-out"])
def test_form_without_its_own_token_changes_nothing(reader: Person, path: str) -> None:
    answer = reader.client.post(f"/console{path}", data={"token": "x"})

    assert answer.status_code == 400
    assert "out of date" in answer.text


@pytest.mark.parametrize("path", FORMS)
def test_auditor_is_refused_by_the_server(reader: Person, path: str) -> None:
    answer = reader.send(path, "/users", role="operator", name="mine", reason="r", user_id="u", key="k")

    assert answer.status_code == 403
    assert "can only read" in answer.text


@pytest.mark.parametrize(
    "path", ["/tokens", "/customers", "/quarantine", "/jobs", "/configuration", f"/users/{HOSTILE_ID}"]
)
def test_auditor_is_shown_no_form_that_writes(auditor: Person, operator: Person, path: str) -> None:
    def writes(person: Person) -> list[str]:
        return [
            action
            for action in re.findall(r'<form[^>]*method="post"[^>]*action="([^"]+)"', person.get(path).text)
            if not action.endswith("/sign-out")
        ]

    assert writes(auditor) == []
    assert writes(operator)


def test_form_token_of_another_session_is_refused(operator: Person, auditor: Person) -> None:
    stolen = csrf_token(auditor.get("/users").text)

    answer = operator.client.post(
        "/console/tokens", data={"csrf_token": stolen, "role": "operator", "name": "x"}
    )

    assert answer.status_code == 400


def test_form_by_tls_from_another_site_is_refused(shop_app: Flask, shop: str) -> None:
    person, base = Person(shop_app.test_client()), "https://tenure.example"
    token = csrf_token(person.get("/sign-in", base_url=base).text)

    answer = person.client.post(
        "/console/sign-in",
        base_url=base,
        data={"csrf_token": token, "token": make_token(shop, "auditor")},
        headers={"Referer": "https://evil.example/"},
    )

    assert answer.status_code == 400


def test_new_token_is_shown_once_and_opens(operator: Person, shop_app: Flask) -> None:
    page = operator.send("/tokens", "/tokens", role="auditor", name="Ada <b>", days="7")

    match = re.search(r"tnr_auditor_[\w-]{43}", page.text)
    assert match is not None
    assert match[0] not in operator.get("/tokens").text
    assert Person(shop_app.test_client()).sign_in(match[0]).status_code == 303


@pytest.mark.parametrize("days", ["0", "-1", "9999", "1e3", "²"])
def test_token_with_a_nonsense_life_is_refused(operator: Person, days: str) -> None:
    assert operator.send("/tokens", "/tokens", role="auditor", name="x", days=days).status_code == 400


def test_linking_gives_the_customers_history_to_the_user(operator: Person, shop: str) -> None:
    with connect(shop, application_name="test") as conn:
        user = a_payer(conn)
    form = {"user_id": user, "reason": "they wrote to us", "key": str(uuid4())}

    answers = [operator.send(f"/customers/{STRANGER}/link", "/customers", **form) for _ in range(2)]

    assert [answer.status_code for answer in answers] == [303, 303]
    with connect(shop, application_name="test") as conn:
        query = """SELECT metadata ->> 'actor',
                      coalesce(metadata ->> 'reason', event_data ->> 'decision_reason')
                     FROM events WHERE event_type = 'identity.linked'"""
        [(actor, reason)] = conn.execute(query).fetchall()
        assert (token_name(actor), reason) == ("the operator", "they wrote to us")
        owner = "SELECT user_id FROM customer_links WHERE customer_id = %s"
        assert conn.execute(owner, [STRANGER]).fetchone() == (user,)
    assert "is linked" in operator.get("/customers").text
    assert STRANGER not in operator.get("/customers").text


def test_linking_takes_the_address_of_one_user_and_keeps_a_refused_form(operator: Person, shop: str) -> None:
    with connect(shop, application_name="test") as conn:
        row = conn.execute(
            """SELECT min(user_id), email FROM users WHERE email IS NOT NULL
                GROUP BY email HAVING count(*) = 1 ORDER BY 1 LIMIT 1"""
        ).fetchone()
    assert row is not None
    form = {"reason": "they wrote to us", "key": str(uuid4())}

    refused = operator.send(f"/customers/{STRANGER}/link", "/customers", user_id="no@example.com", **form)
    linked = operator.send(f"/customers/{STRANGER}/link", "/customers", user_id=row[1], **form)

    assert refused.status_code == 400
    assert 'value="no@example.com"' in refused.text
    assert 'value="they wrote to us"' in refused.text
    assert form["key"] not in refused.text
    assert linked.status_code == 303
    assert linked.location.endswith(f"/users/{row[0]}")


@pytest.mark.parametrize(("emails", "status"), [([], 303), (["odd@example.org"], 400)])
def test_linking_takes_an_id_with_an_at_sign_unless_it_is_also_an_address(
    operator: Person, shop: str, emails: list[str], status: int
) -> None:
    odd = linked(user_id="odd@example.org", customer_id="cus_odd")
    with connect(shop, application_name="test") as conn:
        tell(conn, odd, *(clerk("user.created", user("user_odd", email=email)) for email in emails))
    form = {"user_id": "odd@example.org", "reason": "r", "key": str(uuid4())}

    answer = operator.send(f"/customers/{STRANGER}/link", "/customers", **form)

    assert answer.status_code == status
    assert ("2 users: odd@example.org, user_odd" in answer.text) is (status == 400)


def test_linking_to_nobody_is_refused_with_a_sentence(operator: Person) -> None:
    form = {"user_id": "user_nobody", "reason": "r", "key": str(uuid4())}

    answer = operator.send(f"/customers/{STRANGER}/link", "/customers", **form)

    assert answer.status_code == 409
    assert "expected a known user" in answer.text.lower()


def test_retry_of_what_still_cannot_be_folded_says_so(operator: Person) -> None:
    answer = operator.send(f"/quarantine/{POISONED_ID}/retry", "/quarantine")

    assert (answer.status_code, answer.location) == (303, "/console/quarantine")
    assert "still can&#39;t be folded" in operator.get("/quarantine").text


def test_dead_job_is_tried_again(operator: Person, shop: str) -> None:
    with connect(shop, application_name="test") as conn:
        row = conn.execute("SELECT id FROM background_jobs WHERE status = 'dead'").fetchone()
    assert row is not None

    assert operator.send(f"/jobs/{row[0]}/retry", "/jobs").status_code == 303
    assert operator.send(f"/jobs/{row[0]}/retry", "/jobs").status_code == 409


def waiting_mail(conninfo: str) -> str:
    """The id of a job that will write to somebody."""
    payload = {"user_id": HOSTILE_ID, "occasion": "welcome", "instance": "1", "about": {}}
    with connect(conninfo, application_name="test") as conn:
        job = enqueue(conn, EMAIL_JOB, payload, now=datetime.now(UTC))
        conn.commit()
    return str(job.id)


def test_job_is_called_off_once_for_a_reason_and_the_log_is_told(operator: Person, shop: str) -> None:
    job_id = waiting_mail(shop)
    assert f"/jobs/{job_id}/cancel" in operator.get("/jobs").text

    first = operator.send(f"/jobs/{job_id}/cancel", "/jobs", reason="they <b>asked</b>")
    again = operator.send(f"/jobs/{job_id}/cancel", "/jobs", reason="another")

    assert (first.status_code, again.status_code) == (303, 303)
    page = operator.get("/jobs?status=cancelled").text
    assert "they &lt;b&gt;asked" in page
    assert f"/jobs/{job_id}/cancel" not in page
    with connect(shop, application_name="test") as conn:
        query = "SELECT count(*) FROM events WHERE event_type = 'email.cancelled' AND route_key = %s"
        assert conn.execute(query, [HOSTILE_ID]).fetchone() == (1,)


def test_job_is_not_called_off_without_a_reason_or_when_it_is_over(operator: Person, shop: str) -> None:
    job_id = waiting_mail(shop)

    assert operator.send(f"/jobs/{job_id}/cancel", "/jobs", reason="").status_code == 400
    with connect(shop, application_name="test") as conn:
        conn.execute("UPDATE background_jobs SET status = 'completed' WHERE id = %s", [job_id])
        conn.commit()
    refused = operator.send(f"/jobs/{job_id}/cancel", "/jobs", reason="r")

    assert refused.status_code == 409
    assert "found it completed" in refused.text


def test_configuration_is_changed_by_an_event(operator: Person, shop: str) -> None:
    form = {"category": "trial", "key": "duration_days", "value": "21", "reason": "a longer look"}

    assert operator.send("/configuration", "/configuration", **form).status_code == 303
    refused = operator.send("/configuration", "/configuration", **form | {"value": "0"})

    assert refused.status_code == 400
    assert "whole number from" in refused.text
    with connect(shop, application_name="test") as conn:
        query = """SELECT metadata ->> 'reason' FROM events
                    WHERE event_type = 'configuration.changed' ORDER BY recorded_at DESC LIMIT 1"""
        assert conn.execute(query).fetchone() == ("a longer look",)
