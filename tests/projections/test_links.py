"""customer_links: whose a Stripe customer is, from every source, in whatever order they speak."""

from itertools import permutations
from typing import Any

import pytest

from events.envelope import NewEvent
from events.own import user as said
from tests.projections.model import claims_of, profile, tables_of
from tests.projections.telling import (
    CUSTOMER,
    USER,
    card,
    clerk,
    customer,
    instant,
    linked,
    own,
    session,
    stripe,
    subscription,
    user,
)

OTHER = "user_bob"


def owner(*told: NewEvent) -> str | None:
    found = claims_of(told)[CUSTOMER].owner()
    return found.user if found else None


def by_operator(user_id: str = USER, *, at: float) -> NewEvent:
    return own(said.IdentityLinked(customer_id=CUSTOMER), user=user_id, at=at)


def unlinked(user_id: str = USER, *, at: float) -> NewEvent:
    return own(said.IdentityUnlinked(customer_id=CUSTOMER), user=user_id, at=at)


def by_reference(user_id: str = USER, *, at: float) -> NewEvent:
    return stripe("checkout.session.completed", session(client_reference_id=user_id), at=at)


def bare_customer(*, at: float = 0, **fields: Any) -> NewEvent:
    return stripe("customer.created", customer(metadata={}, **fields), at=at)


@pytest.mark.parametrize("spelling", ["userId", "user_id", "clerk_user_id"])
@pytest.mark.parametrize(
    ("kind", "thing"),
    [
        ("customer.created", customer(metadata={})),
        ("customer.updated", customer(metadata={})),
        ("customer.subscription.created", subscription()),
        ("customer.subscription.updated", subscription()),
        ("customer.subscription.deleted", subscription("canceled")),
        ("checkout.session.completed", session()),
    ],
)
def test_metadata_links(kind: str, thing: dict[str, Any], spelling: str) -> None:
    assert owner(stripe(kind, thing | {"metadata": {spelling: USER}})) == USER


def test_client_reference_id_links() -> None:
    assert owner(by_reference(at=1)) == USER


def test_operator_links() -> None:
    assert owner(bare_customer(), by_operator(at=1)) == USER


def test_email_address_never_links() -> None:
    told = [
        clerk("user.created", user(email="ada@example.com")),
        bare_customer(email="ada@example.com", at=1),
    ]

    assert owner(*told) is None
    assert tables_of(told)[USER]["user_billing"]["stripe_customer_id"] is None


@pytest.mark.parametrize("claimed", ["", "   ", 7, None, ["user_ada"], "x" * 201, "user\x00ada"])
def test_claims_that_name_nobody_link_nobody(claimed: object) -> None:
    assert owner(stripe("customer.created", customer(metadata={"userId": claimed}))) is None


@pytest.mark.parametrize("claimed", ["", "   ", None, "x" * 201, "user\x00ada"])
def test_references_that_name_nobody_link_nobody(claimed: str | None) -> None:
    assert owner(stripe("checkout.session.completed", session(client_reference_id=claimed))) is None


def test_session_metadata_goes_before_its_reference() -> None:
    told = stripe(
        "checkout.session.completed", session(client_reference_id=OTHER, metadata={"user_id": USER})
    )

    assert owner(told) == USER


def test_operator_over_metadata_over_reference_whatever_came_last() -> None:
    operator, metadata, reference = (
        by_operator("user_a", at=1),
        linked(user_id="user_b", at=2),
        by_reference("user_c", at=3),
    )

    for order in permutations([operator, metadata, reference]):
        assert owner(*order) == "user_a"
    for order in permutations([metadata, reference]):
        assert owner(*order) == "user_b"


def test_of_equal_claims_the_latest_said_wins() -> None:
    told = [linked(user_id="user_z", at=1), linked(user_id="user_a", at=2)]

    assert {owner(*order) for order in permutations(told)} == {"user_a"}


def test_unlink_undoes_the_link_and_only_an_operator_links_again() -> None:
    told = [linked(at=1), unlinked(at=2), linked(at=3), by_reference(at=4)]

    assert {owner(*order) for order in permutations(told)} == {None}
    assert {owner(*order) for order in permutations([*told, by_operator(at=5)])} == {USER}


def test_operators_link_before_the_unlink_is_undone() -> None:
    assert owner(by_operator(at=1), unlinked(at=2)) is None
    assert owner(unlinked(at=1), by_operator(at=2)) == USER


def test_unlinking_one_lets_the_next_claim_stand() -> None:
    told = [linked(user_id=OTHER, at=2), by_reference(USER, at=1), unlinked(OTHER, at=3)]

    assert {owner(*order) for order in permutations(told)} == {USER}


def test_relink_moves_the_whole_history() -> None:
    bought = [linked(), stripe("customer.subscription.created", subscription(), at=1)]
    moved = [*bought, by_operator(OTHER, at=2)]

    assert profile(*bought)["subscription_status"] == "active"
    assert set(tables_of(moved)) == {OTHER}
    assert profile(*moved, user_id=OTHER)["subscription_status"] == "active"


def test_waiting_events_join_when_the_link_appears() -> None:
    waiting = [bare_customer(), stripe("customer.subscription.created", subscription(), at=1)]
    waiting += [stripe("payment_method.attached", card(), at=2)]

    assert tables_of(waiting) == {}
    row = profile(*waiting, by_reference(at=9))
    assert (row["subscription_status"], row["card_last4"], row["created_at"]) == (
        "active",
        "4242",
        instant(0),
    )


def test_one_user_may_have_many_customers() -> None:
    told = [linked(), linked(customer_id="cus_b", at=1)]
    told += [stripe("customer.subscription.created", subscription("canceled"), at=2)]
    other = subscription(id="sub_b", customer="cus_b")
    told += [stripe("customer.subscription.created", other, at=3)]

    assert profile(*told)["stripe_customer_id"] == "cus_b"


def test_stream_of_a_user_and_of_a_customer_that_share_an_id_do_not_mix() -> None:
    told = [stripe("customer.created", customer("user_ada", metadata={"userId": OTHER}))]
    told += [clerk("user.created", user(), at=1)]

    assert profile(*told)["stripe_customer_id"] is None
    assert profile(*told, user_id=OTHER)["stripe_customer_id"] == "user_ada"
