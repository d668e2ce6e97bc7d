"""Each API version has its own place for the things basil moved."""

from datetime import timedelta

import pytest

from demo.changes import Json
from demo.history import DEFAULT_START
from demo.prices import ADDON_WEEKLY, price_of
from demo.stripe_subscriptions import Terms
from demo.versions import (
    API_VERSIONS,
    V2020,
    V2025_BASIL,
    V2025_CLOVER,
    V2026_DAHLIA,
    ApiVersion,
    Generation,
)
from demo.world import DemoWorld


def renewed(api: ApiVersion) -> dict[str, Json]:
    """The last object of each event type after one renewal, under that version."""
    world = DemoWorld(start=DEFAULT_START, api=api)
    bought = world.stripe.checkout(price_of("glow_up"), email="ada@example.com")
    world.wait(timedelta(days=32))
    world.stripe.subscriptions.cancel_at_period_end(bought.subscription)
    return {delivery.event_type: delivery.event["data"]["object"] for delivery in world.deliveries}


@pytest.mark.parametrize("api", API_VERSIONS, ids=lambda api: api.name)
def test_event_names_its_version(api: ApiVersion) -> None:
    world = DemoWorld(start=DEFAULT_START, api=api)
    world.stripe.create_customer(email="ada@example.com")

    assert world.deliveries[-1].event["api_version"] == api.name


def test_before_basil_the_period_is_the_subscriptions() -> None:
    subscription = renewed(V2020)["customer.subscription.updated"]

    assert subscription["current_period_end"] == subscription["cancel_at"]
    assert "current_period_end" not in subscription["items"]["data"][0]


@pytest.mark.parametrize("api", [V2025_BASIL, V2025_CLOVER, V2026_DAHLIA], ids=lambda a: a.name)
def test_since_basil_the_period_is_the_items(api: ApiVersion) -> None:
    subscription = renewed(api)["customer.subscription.updated"]

    assert subscription["items"]["data"][0]["current_period_end"] == subscription["cancel_at"]
    assert "current_period_end" not in subscription


def test_before_basil_invoice_names_its_subscription() -> None:
    objects = renewed(V2020)

    assert objects["invoice.paid"]["subscription"] == objects["customer.subscription.updated"]["id"]
    assert "parent" not in objects["invoice.paid"]


@pytest.mark.parametrize("api", [V2025_BASIL, V2025_CLOVER], ids=lambda a: a.name)
def test_since_basil_invoice_has_a_parent(api: ApiVersion) -> None:
    objects = renewed(api)
    parent = objects["invoice.paid"]["parent"]["subscription_details"]

    assert parent["subscription"] == objects["customer.subscription.updated"]["id"]
    assert not {"subscription", "charge", "payment_intent", "paid"} & objects["invoice.paid"].keys()


@pytest.mark.parametrize("api", API_VERSIONS, ids=lambda api: api.name)
def test_payment_reaches_its_invoice_one_way_or_the_other(api: ApiVersion) -> None:
    objects = renewed(api)
    old = api.generation is Generation.PRE_BASIL

    assert ("invoice" in objects["charge.succeeded"]) is old
    assert ("invoice" in objects["payment_intent.succeeded"]) is old
    assert ("invoice_payment.paid" in objects) is not old


def test_invoice_payment_names_no_customer() -> None:
    objects = renewed(V2025_CLOVER)

    assert objects["invoice_payment.paid"]["invoice"] == objects["invoice.paid"]["id"]
    assert "customer" not in objects["invoice_payment.paid"]


def test_upcoming_invoice_has_no_id() -> None:
    assert "id" not in renewed(V2025_CLOVER)["invoice.upcoming"]


def test_items_of_one_subscription_may_end_apart() -> None:
    world = DemoWorld(start=DEFAULT_START, api=V2025_CLOVER)
    terms = Terms(extra_items=(ADDON_WEEKLY,))
    world.stripe.checkout(price_of("glow_up"), email="ada@example.com", terms=terms)
    world.wait(timedelta(days=8))
    last = [d for d in world.deliveries if d.event_type == "customer.subscription.updated"][-1]

    first, addon = last.event["data"]["object"]["items"]["data"]

    assert addon["current_period_end"] < first["current_period_end"]


def test_thin_twin_points_at_its_snapshot() -> None:
    world = DemoWorld(start=DEFAULT_START)
    customer = world.stripe.create_customer(email="ada@example.com")
    snapshot = world.deliveries[-1]

    thin = world.stripe.thin_twin(snapshot).event

    assert thin["type"] == "v1.customer.created"
    assert thin["snapshot_event"] == snapshot.message_id
    assert thin["created"] == "2026-01-05T09:00:00.000Z"
    assert thin["related_object"]["id"] == customer


def test_body_is_indented_by_two_spaces() -> None:
    world = DemoWorld(start=DEFAULT_START)
    world.stripe.create_customer(email="zoë@example.com")

    assert world.deliveries[-1].body.startswith(b'{\n  "id": "evt_1')
    assert "zoë".encode() in world.deliveries[-1].body
