"""One search for everything with a name."""

import pytest

from events.statements import AnyConnection
from queries.find import find
from tests.handlers.users import sold, tell
from tests.projections.event_builders import USER, clerk, customer, invoice, stripe, subscription, user


@pytest.fixture
def people(conn: AnyConnection) -> AnyConnection:
    """Ada, who pays; Bo, who does not; a customer of nobody."""
    tell(
        conn,
        *sold(),
        clerk("user.created", user(email="ada@example.com"), key="msg_ada"),
        clerk("user.created", user("user_bo", email="bo@example.com", first_name="Bo", last_name="100%_")),
        stripe("customer.created", customer()),
        stripe("customer.subscription.created", subscription("active"), key="evt_ada"),
        stripe("invoice.paid", invoice(4900, id="in_ada"), key="evt_paid"),
        stripe("customer.created", customer("cus_nobody", metadata={})),
    )
    return conn


@pytest.mark.parametrize(
    ("text", "kind", "target", "by"),
    [
        (USER, "user", USER, "id"),
        ("ADA@example.com", "user", USER, "e-mail address"),
        ("da le", "user", USER, "name or address"),
        ("cus_ada", "user", USER, "customer"),
        ("sub_ada", "user", USER, "subscription"),
        ("100%_", "user", "user_bo", "name or address"),
        ("cus_nobody", "customer", "cus_nobody", "customer"),
    ],
)
def test_each_name_leads_to_what_has_it(
    people: AnyConnection, text: str, kind: str, target: str, by: str
) -> None:
    first = find(people, text)[0]

    assert (first.kind, first.id, first.by) == (kind, target, by)


@pytest.mark.parametrize(
    ("text", "label"), [("evt_paid", "stripe.invoice.paid"), ("msg_ada", "clerk.user.created")]
)
def test_an_event_is_found_by_its_providers_id(people: AnyConnection, text: str, label: str) -> None:
    assert [(hit.kind, hit.label) for hit in find(people, text)] == [("event", label)]


def test_an_object_without_an_index_is_found_in_the_newest_bodies(people: AnyConnection) -> None:
    assert [hit.label for hit in find(people, "in_ada")] == ["stripe.invoice.paid"]
    assert find(people, "in_nobody") == []


@pytest.mark.parametrize("text", ["", "%", "' OR 1=1 --", "in_%", "\ufffd", "x" * 400])
def test_odd_text_is_only_text(people: AnyConnection, text: str) -> None:
    assert all(hit.kind == "user" for hit in find(people, text))
