"""Customers nobody has, and what an address is worth."""

from typing import Any

import pytest
from psycopg import Connection
from psycopg.rows import dict_row

from events.append import append_all
from events.statements import statement
from handlers.privacy import erase_person, plan_erasure
from queries.customers import CustomerSummary, summary_in, unlinked_customers
from tests.handlers.users import NOW, project
from tests.projections import event_builders


def created(customer: str, email: str | None) -> Any:  # Any: NewEvent
    return event_builders.stripe("customer.created", {"id": customer, "object": "customer", "email": email})


def person(user: str, email: str) -> Any:  # Any: NewEvent
    data = {
        "id": user,
        "primary_email_address_id": "idn_1",
        "email_addresses": [{"id": "idn_1", "email_address": email}],
    }
    return event_builders.clerk("user.created", data)


def test_same_address_in_any_case_is_suggested(conn: Connection[Any]) -> None:
    append_all(conn, [created("cus_1", "ADA@example.com"), person("user_1", "ada@Example.com")])
    project(conn)

    (customer,) = unlinked_customers(conn, limit=10).items

    assert [user["user_id"] for user in customer.suggestions] == ["user_1"]
    assert (customer.events, customer.email) == (1, "ADA@example.com")


def test_customer_without_an_address_has_no_suggestion(conn: Connection[Any]) -> None:
    append_all(conn, [created("cus_1", None), person("user_1", "ada@example.com")])
    project(conn)

    assert [customer.suggestions for customer in unlinked_customers(conn, limit=10).items] == [[]]


def test_pages_follow_each_other_without_a_gap(conn: Connection[Any]) -> None:
    append_all(conn, [created(f"cus_{number}", None) for number in range(5)])
    project(conn)

    first = unlinked_customers(conn, limit=3)
    assert first.next is not None
    rest = unlinked_customers(conn, limit=3, after=first.next)

    assert rest.next is None
    assert [customer.customer_id for customer in (*first.items, *rest.items)] == [
        f"cus_{number}" for number in range(5)
    ]


def test_customers_of_deleted_and_erased_people_wait_for_no_link(conn: Connection[Any]) -> None:
    named = {"metadata": {"userId": "user_1"}}
    removed = event_builders.stripe(
        "customer.updated", {"id": "cus_1", "object": "customer", "metadata": {}}, at=5, was=named
    )
    append_all(
        conn,
        [
            *(person(user, f"{user}@example.com") for user in ("user_1", "user_2")),
            event_builders.stripe("customer.created", {"id": "cus_1", "object": "customer"} | named, at=1),
            removed,
            event_builders.clerk("user.deleted", {"id": "user_1", "deleted": True}, at=9),
            event_builders.linked(user_id="user_2", customer_id="cus_2"),
            created("cus_3", None),
        ],
    )
    project(conn)
    plan = plan_erasure(conn, "user_2")
    erase_person(conn, plan, now=NOW, actor="test", reason="ticket 12")
    project(conn)

    assert [customer.customer_id for customer in unlinked_customers(conn, limit=9).items] == ["cus_3"]
    with conn.cursor(row_factory=dict_row) as cursor:
        for package, name, column in COUNTED_IN:
            row = cursor.execute(statement(package, name), {}).fetchone()
            assert (name, row and row[column]) == (name, 1)


COUNTED_IN = [
    ("queries", "overview_attention", "unlinked"),
    ("cli", "doctor_standing", "unlinked"),
    ("cli", "service_status", "unlinked_customers"),
]


@pytest.mark.parametrize(
    "body",
    ["[]", "{}", '{"data": []}', '{"data": {"object": 7}}', "no json", '{"data":{"object":{"email":7}}}'],
)
def test_body_of_another_shape_has_no_address(body: str) -> None:
    assert summary_in(body) == CustomerSummary()
