"""Erasing a person at the console: seen first, typed, once, and never with their name in the reason."""

from typing import Any

import pytest
from psycopg import errors

from database.pool import connect
from tests.actors import token_name
from tests.console.conftest import Person
from tests.console.pages import a_payer
from tests.console.world import STRANGER, project


@pytest.fixture
def payer(shop: str) -> str:
    with connect(shop, application_name="test") as conn:
        return a_payer(conn)


def erase(person: Person, user: str, **fields: str) -> Any:  # Any: werkzeug's answer
    """Fill in the form of the dry run as it asks."""
    form = {"user_id": user, "reason": "ticket 4711", "erasures": "0", **fields}
    return person.send(f"/users/{user}/erase", f"/users/{user}/erase", **form)


def erasures(conninfo: str) -> list[tuple[Any, ...]]:  # Any: one type a column
    query = (
        "SELECT metadata ->> 'actor', metadata ->> 'reason' FROM events WHERE event_type = 'privacy.erased'"
    )
    with connect(conninfo, application_name="test") as conn:
        return conn.execute(query).fetchall()


def bodies(conninfo: str, user: str) -> int:
    """How many of the user's and their customers' events have a body."""
    query = """SELECT count(*) FROM events WHERE event_data IS NOT NULL AND event_type <> 'privacy.erased'
                  AND (route_key = %(user)s OR route_key IN (
                       SELECT customer_id FROM customer_links WHERE user_id = %(user)s))"""
    with connect(conninfo, application_name="test") as conn:
        row = conn.execute(query, {"user": user}).fetchone()
    assert row is not None
    return int(row[0])


def test_dry_run_lists_what_goes_and_changes_nothing(operator: Person, shop: str, payer: str) -> None:
    before = bodies(shop, payer)

    page = operator.get(f"/users/{payer}/erase")

    assert page.status_code == 200
    assert "nothing is changed yet" in page.text
    assert f"<dt>Own events</dt><dd>{before}</dd>" in page.text
    assert "stripe.<wbr>invoice.<wbr>paid" in page.text
    assert (bodies(shop, payer), erasures(shop)) == (before, [])
    assert f"/users/{payer}/erase" in operator.get(f"/users/{payer}").text


def test_typed_and_confirmed_it_goes_once(operator: Person, shop: str, payer: str) -> None:
    answers = [erase(operator, payer) for _ in range(2)]

    assert [answer.status_code for answer in answers] == [303, 303]
    [(actor, reason)] = erasures(shop)
    assert (token_name(actor), reason) == ("the operator", "ticket 4711")
    assert bodies(shop, payer) == 0
    with connect(shop, application_name="test") as conn:
        project(conn)
    assert operator.get(f"/users/{payer}").status_code == 200
    assert "Nothing is left to erase" in operator.get(f"/users/{payer}/erase").text


def test_form_sent_again_spares_what_came_since(operator: Person, shop: str, payer: str) -> None:
    erase(operator, payer)
    link = {"reason": "later", "key": "k", "customer_id": STRANGER}
    operator.send(f"/users/{payer}/actions/link", f"/users/{payer}", **link)

    erase(operator, payer)

    assert len(erasures(shop)) == 1
    assert bodies(shop, payer) == 2  # the link, and the customer it brought


REFUSED: tuple[tuple[dict[str, str], int, str], ...] = (
    ({"user_id": "user_other"}, 400, "expected the one on this page"),
    ({"user_id": ""}, 400, "expected something"),
    ({"reason": ""}, 400, "expected something"),
    ({"reason": "ada@example.com asked"}, 409, "names no person"),
)


@pytest.mark.parametrize(("fields", "code", "why"), REFUSED)
def test_what_is_not_typed_as_asked_erases_nothing(
    operator: Person, shop: str, payer: str, fields: dict[str, str], code: int, why: str
) -> None:
    before = bodies(shop, payer)

    answer = erase(operator, payer, **fields)

    assert answer.status_code == code
    assert why in answer.text
    assert "What is erased" in answer.text
    assert (bodies(shop, payer), erasures(shop)) == (before, [])


def test_unknown_person_is_not_here(operator: Person) -> None:
    assert operator.get("/users/user_nobody/erase").status_code == 404


def test_auditor_is_shown_no_erasure(auditor: Person, payer: str) -> None:
    assert auditor.get(f"/users/{payer}/erase").status_code == 403
    assert "/erase" not in auditor.get(f"/users/{payer}").text


def test_log_too_long_to_search_here_names_the_command(
    operator: Person, payer: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def slow(*_: object) -> None:
        raise errors.QueryCanceled

    monkeypatch.setattr("console.pages.erasure.plan_erasure", slow)

    answer = operator.get(f"/users/{payer}/erase")

    assert answer.status_code == 503
    assert "tenure privacy erase" in answer.text
