"""What the projection reads of provider bodies: every API shape, thin events, hostile values."""

from collections.abc import Iterator
from dataclasses import replace
from importlib import import_module
from pkgutil import iter_modules
from typing import Any

import msgspec
import pytest

from events.domain import user as user_events
from events.envelope import NewEvent
from projections import shapes
from tests.projections.event_builders import (
    CUSTOMER,
    DAY,
    START,
    USER,
    card,
    clerk,
    customer,
    facts_of,
    instant,
    invoice,
    item,
    linked,
    own,
    price,
    session,
    stripe,
    subscription,
    user,
)
from tests.projections.model import profile, state_of, states_of, tables_of

BASIL_LINE = {"parent": {"subscription_details": {"subscription": "sub_ada"}}}


def bought(payload: dict[str, Any]) -> NewEvent:
    return stripe("customer.subscription.created", payload, at=1)


def shaped(generation: str) -> dict[str, Any]:
    """The same subscription in three generations of the API."""
    period: dict[str, Any] = {"current_period_start": START, "current_period_end": START + 30 * DAY}
    plan = {"id": "price_glow_up_monthly", "object": "plan", "interval": "month", "amount": 9900}
    old_item = item(price("price_glow_up_monthly"), ends=None) | {"plan": plan}
    if generation == "2016":
        return subscription(**period, plan=plan, items={"data": [{"id": "si_1", "plan": plan}]})
    if generation == "pre-basil":
        return subscription(**period, plan=plan, items={"object": "list", "data": [old_item]})
    if generation == "basil":
        return subscription(items={"object": "list", "data": [item(price("price_glow_up_monthly")) | period]})
    later: dict[str, Any] = {"billing_mode": {"type": "flexible"}, "customer_account": None}
    return subscription(**later)


@pytest.mark.parametrize("generation", ["2016", "pre-basil", "basil", "clover"])
@pytest.mark.parametrize("api_version", ["2016-07-06", "2024-12-18.acacia", "2026-09-30.endive", None])
def test_every_shape_is_read_whatever_the_version_says(generation: str, api_version: str | None) -> None:
    event = stripe("customer.subscription.created", shaped(generation), at=1, api_version=api_version)
    row = profile(linked(), event)

    assert (row["current_plan"], row["subscription_status"]) == ("glow_up", "active")
    assert row["subscription_renewal_date"] == instant(30 * DAY)
    assert row["billing_sync_status"] == "synced"


@pytest.mark.parametrize(
    "fields",
    [
        {"subscription": "sub_ada", "amount_paid": 500, "paid": True},
        BASIL_LINE | {"amount_paid": 500, "status": "paid"},
        {"amount_paid": 500, "subscription": {"id": "sub_ada"}},
    ],
)
def test_paid_invoice_is_read_in_every_shape(fields: dict[str, Any]) -> None:
    trial = subscription("trialing", trial_start=START, trial_end=START + DAY)
    row = profile(linked(), bought(trial), stripe("invoice.paid", invoice(0) | fields, at=DAY))

    assert row["trial_status"] == "converted"


def test_customer_may_be_expanded() -> None:
    row = profile(linked(), bought(subscription(customer={"id": CUSTOMER, "object": "customer"})))

    assert (row["stripe_customer_id"], row["subscription_status"]) == (CUSTOMER, "active")


def test_customer_without_settings_address_or_metadata() -> None:
    event = stripe("customer.updated", {"id": CUSTOMER, "object": "customer"}, at=1)

    assert profile(linked(), event)["billing_sync_status"] == "synced"


def test_subscription_of_the_barest_kind() -> None:
    bare = {"id": "sub_1", "object": "subscription", "customer": CUSTOMER, "status": "active"}
    row = profile(linked(), bought(bare))

    assert (row["subscription_status"], row["billing_sync_status"]) == ("active", "error")
    assert (row["subscription_renewal_date"], row["current_plan"]) == (None, "free")


@pytest.mark.parametrize("items", [None, {"data": []}, {}, {"data": [{"id": "si_1"}]}])
def test_subscription_without_a_price(items: object) -> None:
    assert profile(linked(), bought(subscription(items=items)))["current_plan"] == "free"


def test_thin_event_is_kept_and_folds_nothing() -> None:
    thin: dict[str, Any] = {
        "id": "evt_thin",
        "object": "v2.core.event",
        "type": "v1.customer.updated",
        "created": "2026-01-01T00:00:09.123Z",
        "livemode": True,
        "related_object": {"id": CUSTOMER, "type": "customer", "url": "/v1/customers/cus_ada"},
        "snapshot_event": "evt_twin",
    }
    plain = [linked(), bought(subscription())]
    events = [
        *plain,
        stripe("", {}, **{name: value for name, value in thin.items() if name != "id"}, key="evt_thin"),
    ]
    row, before = profile(*events), profile(*plain)

    assert row["last_webhook_event"] == "stripe.v1.customer.updated"
    assert {name for name, value in row.items() if value != before[name]} == {
        "last_webhook_event",
        "last_webhook_timestamp",
    }


def test_upcoming_invoice_has_no_id_and_is_no_poison() -> None:
    upcoming = {"object": "invoice", "customer": CUSTOMER, "amount_due": 9900}
    row = profile(linked(), stripe("invoice.upcoming", upcoming, at=1))

    assert (row["billing_sync_status"], row["last_webhook_event"]) == ("synced", "stripe.invoice.upcoming")


def test_types_nobody_knows_are_folded_as_having_happened() -> None:
    event = stripe("quantum.entangled", {"id": "q_1", "object": "quantum", "customer": CUSTOMER}, at=9)

    assert profile(linked(), event)["last_webhook_timestamp"] == instant(9)


def test_test_mode_is_told_apart_in_the_envelope() -> None:
    assert stripe("customer.created", customer(), livemode=False).livemode is False


@pytest.mark.parametrize(
    ("payload", "field"),
    [
        (subscription() | {"status": None}, "$.status"),
        (subscription() | {"status": 7}, "$.status"),
        (subscription(trial_end="soon"), "$.trial_end"),
        (subscription(trial_end=-1), "$.trial_end"),
        (subscription(trial_end=10**15), "$.trial_end"),
        (subscription(trial_end=1.5), "$.trial_end"),
        (subscription(items=[1]), "$.items"),
        (subscription(cancel_at_period_end="no"), "$.cancel_at_period_end"),
        (subscription(status="x" * 3000), "$.status"),
        ({"object": "subscription", "customer": CUSTOMER, "status": "active"}, "$"),
    ],
)
def test_body_that_makes_no_sense_stops_its_user_and_names_the_field(
    payload: dict[str, Any], field: str
) -> None:
    events = [linked(), bought(subscription()), stripe("customer.subscription.updated", payload, at=2)]
    poison = state_of(*events).poison

    assert poison is not None
    assert (poison.field, poison.type) == (field, "stripe.customer.subscription.updated")
    assert profile(*events)["subscription_status"] == "active"
    assert profile(*events)["billing_sync_status"] == "error"


@pytest.mark.parametrize("data", [None, [], {}, {"object": None}, {"object": []}, {"object": "x"}])
def test_event_without_an_object_is_a_fact_with_a_problem(data: object) -> None:
    strange = stripe("customer.subscription.updated", {}, at=2, data=data, account=None)

    assert set(states_of([linked(), strange])) == {USER}


def test_nul_and_lone_surrogates_are_read() -> None:
    event = clerk("user.created", user(first_name="A\x00da", last_name="L\ud800ee"))

    assert profile(event)["full_name"] == "A\ufffdda L\ufffdee"
    assert profile(event)["billing_sync_status"] == "pending"


@pytest.mark.parametrize(
    "data",
    [
        user(email_addresses="none"),
        user(first_name=7),
        user(created_at="yesterday"),
        user(created_at=-5),
        user(public_metadata=[1]),
    ],
)
def test_clerk_body_that_makes_no_sense_stops_its_user(data: dict[str, Any]) -> None:
    row = profile(clerk("user.created", user(), at=1), clerk("user.updated", data, at=2))

    assert (row["full_name"], row["billing_sync_status"]) == ("Ada Lee", "error")


def test_own_event_of_a_shape_we_no_longer_read_stops_its_user() -> None:
    good = own(user_events.UsageRecorded(metric="creators", quantity=5), at=1)
    bad = NewEvent(
        source_system="tenure",
        idempotency_key="bad",
        route_key=USER,
        aggregate_type="user",
        aggregate_id=USER,
        event_type="usage.recorded",
        payload='{"metric": "creators", "quantity": 0}',
        occurred_at=instant(2),
    )
    after = own(user_events.UsageRecorded(metric="creators", quantity=1), at=3)
    state = state_of(good, bad, after)

    assert (state.creators, state.poison and state.poison.field) == (5, "quantity")


def test_poison_stops_at_its_place_in_canonical_order_not_of_arrival() -> None:
    bad = stripe("customer.subscription.updated", subscription() | {"status": None}, at=5)
    before = stripe("customer.subscription.updated", subscription("past_due"), at=4)
    after = stripe("customer.subscription.updated", subscription("unpaid"), at=6)

    assert profile(linked(), after, bad, before)["subscription_status"] == "past_due"
    assert tables_of([before, linked(), bad, after]) == tables_of([after, bad, linked(), before])


def test_user_whose_first_event_is_poison_has_rows_that_say_so() -> None:
    row = profile(clerk("user.created", user(first_name=7), at=3))

    assert (row["billing_sync_status"], row["email"], row["created_at"]) == ("error", None, instant(3))


def test_poison_does_not_touch_anybody_else() -> None:
    bad = clerk("user.updated", user(first_name=7), at=1)
    other = clerk("user.created", user("user_bob"), at=2)
    rows = tables_of([bad, other])

    assert rows["user_bob"]["user_subscriptions"]["billing_sync_status"] == "pending"


def test_poison_of_a_customer_that_is_taken_away_heals() -> None:
    bad = stripe("customer.subscription.updated", subscription() | {"status": None}, at=5)
    freed = own(user_events.IdentityUnlinked(customer_id=CUSTOMER), at=6)
    events = [clerk("user.created", user()), linked(), bad]

    assert profile(*events)["billing_sync_status"] == "error"
    assert profile(*events, freed)["billing_sync_status"] == "pending"


def test_sessions_without_a_customer_are_no_poison() -> None:
    lone = stripe("checkout.session.expired", session(customer=None, client_reference_id=USER))

    assert tables_of([lone]) == {}


def test_detached_card_is_routed_by_its_previous_customer() -> None:
    detached = stripe("payment_method.detached", card(customer=None), at=2, was={"customer": CUSTOMER})

    assert (detached.route_key, detached.aggregate_type) == (CUSTOMER, "stripe_customer")


def test_erased_payload_leaves_the_bare_fact() -> None:
    erased = replace(bought(subscription()), payload=None)  # type: ignore[arg-type]
    row = profile(linked(), erased)

    assert (row["subscription_status"], row["last_webhook_timestamp"]) == ("none", instant(1))


def _integers(node: object, path: str = "") -> Iterator[tuple[str, msgspec.inspect.IntType]]:
    """(where, type) of every integer and number inside a type."""
    if isinstance(node, msgspec.inspect.IntType):
        yield path, node
    assert not isinstance(node, msgspec.inspect.FloatType), f"{path}: no float is exact"
    if isinstance(node, msgspec.inspect.StructType):
        for field in node.fields:
            yield from _integers(field.type, f"{path}.{field.name}")
    for name in ("types", "item_type", "value_type"):
        inner = getattr(node, name, ())
        for child in inner if isinstance(inner, tuple) else (inner,):
            yield from _integers(child, path)


def test_every_integer_of_a_shape_fits_a_bigint() -> None:
    """One that does not could neither be kept in a state nor written to a table."""
    modules = [import_module(f"{shapes.__name__}.{one.name}") for one in iter_modules(shapes.__path__)]
    integers = [
        (path, integer)
        for module in modules
        for name, shape in vars(module).items()
        if name.endswith("Shape") and shape.__module__ == module.__name__
        for path, integer in _integers(msgspec.inspect.type_info(shape), name)
    ]

    assert {path.partition(".")[0] for path, _ in integers} >= {"CardShape", "InvoiceShape", "UserShape"}
    for path, integer in integers:
        assert integer.ge is not None, f"{path} has no least value"
        assert integer.le is not None, f"{path} has no greatest value"
        assert -(2**63) <= integer.ge <= integer.le < 2**63, path


@pytest.mark.parametrize("amount", [2**63, 2**64, 10**400, -(2**63) - 1])
def test_an_amount_beyond_every_column_stops_its_user(amount: int) -> None:
    invoice = {"id": "in_1", "object": "invoice", "customer": CUSTOMER, "amount_paid": amount}
    (fact,) = facts_of([stripe("invoice.paid", invoice)])

    assert fact.problem is not None
    assert fact.problem.field == "$.amount_paid"
