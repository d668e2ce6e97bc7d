"""user_billing: customer, subscription, card, address."""

from itertools import permutations
from typing import Any

import pytest

from events.domain import user as user_events
from events.envelope import NewEvent
from tests.projections.event_builders import (
    CUSTOMER,
    address,
    card,
    customer,
    linked,
    own,
    stripe,
    subscription,
)
from tests.projections.model import Columns, profile, tables_of

CARD = ("payment_method_id", "card_brand", "card_last4", "card_exp_month", "card_exp_year")
BERLIN = address("Berlin", "DE", "10119")
PARIS = address("Paris", "FR", "75001")


def attached(method_id: str = "pm_1", *, at: float, last4: str = "4242", **fields: Any) -> NewEvent:
    return stripe("payment_method.attached", card(method_id, last4=last4, **fields), at=at)


def detached(method_id: str = "pm_1", *, at: float, was: object = CUSTOMER) -> NewEvent:
    payload = card(method_id, customer=None)
    return stripe("payment_method.detached", payload, at=at, was={"customer": was})


def default_for_customer(method_id: str | None, *, at: float, **fields: Any) -> NewEvent:
    settings = {"default_payment_method": method_id}
    return stripe("customer.updated", customer(invoice_settings=settings, **fields), at=at)


def method(row: Columns) -> tuple[object, ...]:
    return tuple(row[name] for name in CARD)


def place(row: Columns) -> tuple[object, ...]:
    return tuple(row[f"billing_address_{name}"] for name in ("city", "country", "postal_code"))


def test_customer_is_the_current_subscriptions() -> None:
    row = profile(
        linked(),
        linked(customer_id="cus_b", at=9),
        stripe("customer.subscription.created", subscription(), at=1),
    )

    assert (row["stripe_customer_id"], row["stripe_subscription_id"]) == (CUSTOMER, "sub_ada")


def test_customer_without_a_subscription_is_the_last_linked() -> None:
    events = [linked(at=2), linked(customer_id="cus_b", at=1)]

    assert profile(*events)["stripe_customer_id"] == CUSTOMER
    assert profile(*events, linked(customer_id="cus_a", at=3))["stripe_customer_id"] == "cus_a"


def test_subscription_id_is_kept_after_cancellation() -> None:
    gone = stripe("customer.subscription.deleted", subscription("canceled"), at=2)

    assert profile(linked(), gone)["stripe_subscription_id"] == "sub_ada"


def test_subscriptions_default_goes_before_the_customers_and_the_last_attached() -> None:
    paid_by = stripe("customer.subscription.updated", subscription(default_payment_method="pm_a"), at=5)
    events = [linked(), attached("pm_a", at=1, last4="1111"), attached("pm_b", at=2, last4="2222")]
    events += [attached("pm_c", at=3, last4="3333"), default_for_customer("pm_b", at=4)]

    assert method(profile(*events, paid_by)) == ("pm_a", "visa", "1111", 4, 2031)
    assert method(profile(*events))[2] == "2222"
    assert method(profile(*events[:4]))[2] == "3333"


@pytest.mark.parametrize("default", [{"id": "pm_a", "object": "payment_method"}, "pm_a"])
def test_default_may_be_expanded(default: object) -> None:
    row = profile(
        linked(),
        attached("pm_a", at=1, last4="1111"),
        attached("pm_b", at=2),
        stripe("customer.subscription.updated", subscription(default_payment_method=default), at=3),
    )

    assert row["card_last4"] == "1111"


def test_default_method_is_named_before_its_card_is_known() -> None:
    row = profile(linked(), default_for_customer("pm_far", at=1))

    assert method(row) == ("pm_far", None, None, None, None)


@pytest.mark.parametrize("kind", ["payment_method.updated", "payment_method.automatically_updated"])
def test_card_is_updated_in_place(kind: str) -> None:
    newer = card("pm_a") | {"card": {"brand": "visa", "last4": "9999", "exp_month": 1, "exp_year": 2040}}
    row = profile(
        linked(), attached("pm_a", at=1), attached("pm_b", at=2, last4="2222"), stripe(kind, newer, at=3)
    )
    of_a = profile(linked(), attached("pm_a", at=1), stripe(kind, newer, at=3))

    assert row["card_last4"] == "2222"
    assert method(of_a) == ("pm_a", "visa", "9999", 1, 2040)


def test_detached_clears_the_card() -> None:
    assert method(profile(linked(), attached(at=1), detached(at=2))) == (None,) * 5


def test_detached_default_falls_back_to_the_last_attached() -> None:
    events = [linked(), attached("pm_a", at=1, last4="1111"), attached("pm_b", at=2, last4="2222")]
    events += [default_for_customer("pm_b", at=3), detached("pm_b", at=4)]

    assert method(profile(*events))[2] == "1111"


def test_late_update_does_not_revive_a_detached_card() -> None:
    events = [linked(), attached(at=1), detached(at=2)]
    events.append(stripe("payment_method.updated", card(customer=None), at=3, was={"customer": CUSTOMER}))

    assert all(method(profile(*order)) == (None,) * 5 for order in permutations(events))


def test_card_attached_again_counts_again() -> None:
    events = [linked(), attached(at=1), detached(at=2), attached(at=3, last4="7777")]

    assert method(profile(*events))[2] == "7777"


def test_detached_comes_last_within_its_second() -> None:
    events = [linked(), detached(at=1), attached(at=1)]

    assert method(profile(*events)) == (None,) * 5


def test_cards_of_another_customer_of_the_same_user_do_not_pay() -> None:
    other = card("pm_b", customer="cus_b", last4="2222")
    events = [linked(), linked(customer_id="cus_b", at=1), attached(at=2)]
    events += [stripe("payment_method.attached", other, at=3)]
    events += [stripe("customer.subscription.created", subscription(), at=4)]

    assert method(profile(*events))[2] == "4242"


def test_address_is_the_customers_then_the_methods() -> None:
    on_card = attached(at=1, billing_details={"address": PARIS})
    on_customer = default_for_customer(None, at=2, address=BERLIN)

    assert place(profile(linked(), on_card)) == ("Paris", "FR", "75001")
    assert place(profile(linked(), on_card, on_customer)) == ("Berlin", "DE", "10119")
    assert place(profile(linked(), on_card, on_customer, default_for_customer(None, at=3))) == (
        "Paris",
        "FR",
        "75001",
    )


def test_card_of_the_days_before_payment_methods() -> None:
    old = {
        "id": "card_1",
        "object": "card",
        "customer": CUSTOMER,
        "brand": "Visa",
        "last4": "4242",
        "exp_month": 8,
        "exp_year": 2019,
        "address_city": "Rome",
        "address_country": "IT",
        "address_zip": "00100",
    }
    bought = [linked(), stripe("customer.source.created", old, at=1)]
    row = profile(*bought)

    assert method(row) == ("card_1", "visa", "4242", 8, 2019)
    assert place(row) == ("Rome", "IT", "00100")
    assert method(profile(*bought, stripe("customer.source.deleted", old, at=2))) == (None,) * 5


def test_card_inside_a_source() -> None:
    source = {"id": "src_1", "object": "source", "customer": CUSTOMER, "card": {"last4": "0005"}}

    assert profile(linked(), stripe("customer.source.created", source, at=1))["card_last4"] == "0005"


def test_deleted_customer_is_a_tombstone() -> None:
    events = [linked(), attached(at=1), default_for_customer("pm_1", at=2, address=BERLIN)]
    events += [stripe("customer.deleted", customer(deleted=True, address=BERLIN), at=3)]
    events += [default_for_customer("pm_1", at=4, address=PARIS)]

    for order in permutations(events):
        row = profile(*order)
        assert (row["stripe_customer_id"], *method(row)) == (CUSTOMER, *(None,) * 5)
        assert place(row) == (None, None, None)


def test_deleted_customers_subscription_bill_stays() -> None:
    events = [linked(), stripe("customer.subscription.deleted", subscription("canceled"), at=1)]
    events += [stripe("customer.deleted", customer(), at=2)]
    row = profile(*events)

    assert (row["stripe_customer_id"], row["subscription_status"]) == (CUSTOMER, "canceled")


def test_customer_of_a_connected_account_is_another_companys() -> None:
    events = [linked(), attached(at=1)]
    events += [stripe("customer.updated", customer(), at=2, account="acct_x")]
    events += [stripe("payment_method.attached", card("pm_x", last4="0001"), at=3, account="acct_x")]
    rows = tables_of(events)

    assert rows["user_ada"]["user_billing"]["stripe_customer_id"] == CUSTOMER
    assert rows["user_ada"]["user_billing"]["card_last4"] == "4242"


def test_unlinked_customer_leaves_the_row_clean() -> None:
    events = [linked(), attached(at=1), stripe("customer.subscription.created", subscription(), at=2)]
    events += [own(user_events.IdentityUnlinked(customer_id=CUSTOMER), at=3)]
    row = profile(*events)

    assert (row["stripe_customer_id"], row["stripe_subscription_id"], row["card_last4"]) == (None, None, None)
    assert (row["subscription_status"], row["billing_sync_status"]) == ("none", "pending")


def test_charges_and_refunds_change_nothing() -> None:
    charge = {"id": "ch_1", "object": "charge", "customer": CUSTOMER, "amount_refunded": 5, "refunded": False}
    events = [linked(), stripe("customer.subscription.created", subscription(), at=1)]
    partly = [*events, stripe("charge.refunded", charge, at=2)]

    assert tables_of(partly)["user_ada"]["user_billing"] == tables_of(events)["user_ada"]["user_billing"]
    assert profile(*partly)["subscription_status"] == "active"
    assert profile(*partly)["last_webhook_event"] == "stripe.charge.refunded"
