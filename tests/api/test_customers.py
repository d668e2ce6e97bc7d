"""Customers that belong to nobody, over HTTP."""

from collections.abc import Callable
from typing import Any

import pytest
from psycopg import Connection

from handlers.tokens import Role
from tests.api.conftest import Caller, access_log
from tests.handlers.users import joined, tell
from tests.projections.event_builders import customer, stripe

UNLINKED = "/api/customers/unlinked"


@pytest.fixture
def three(conn: Connection[Any]) -> None:
    """Three customers of nobody; one has a user's address, one is a connected account's."""
    strangers = [customer("cus_1", metadata={}, email="user_ada@example.com"), customer("cus_2", metadata={})]
    events = [stripe("customer.created", stranger) for stranger in strangers]
    theirs = stripe("customer.created", customer("cus_1", metadata={}), account="acct_1")
    tell(conn, *joined("user_ada"), *events, theirs)


@pytest.mark.usefixtures("three")
def test_who_might_have_one_is_named_and_noted(conn: Connection[Any], auditor: Caller) -> None:
    answer = auditor.get(UNLINKED)

    ids = [row["customer_id"] for row in answer.json["items"]]
    assert (ids, answer.json["next"]) == (["acct_1/cus_1", "cus_1", "cus_2"], None)
    assert [user["user_id"] for user in answer.json["items"][1]["suggestions"]] == ["user_ada"]
    noted = [(line[2], line[3]) for line in access_log(conn)]
    assert ("user_ada", ["email", "full_name"]) in noted
    assert ("cus_2", ["email", "name"]) in noted


@pytest.mark.usefixtures("three")
def test_pages_follow_each_other(auditor: Caller) -> None:
    first = auditor.get(UNLINKED, query_string={"limit": 1})
    rest = auditor.get(UNLINKED, query_string={"limit": 2, "after": first.json["next"]})

    assert [row["customer_id"] for row in first.json["items"]] == ["acct_1/cus_1"]
    assert [row["customer_id"] for row in rest.json["items"]] == ["cus_1", "cus_2"]
    assert rest.json["next"] is None


@pytest.mark.parametrize("cursor", ["cus_1", "bm8A", "bv8", "dWN1c18x"])
def test_a_cursor_of_another_listing_is_refused(auditor: Caller, cursor: str) -> None:
    assert auditor.get(UNLINKED, query_string={"after": cursor}).status_code == 400


@pytest.mark.parametrize(("role", "status"), [("service", 403), ("auditor", 200), ("operator", 200)])
def test_a_service_is_not_told(caller: Callable[[Role], Caller], role: Role, status: int) -> None:
    assert caller(role).get(UNLINKED).status_code == status
