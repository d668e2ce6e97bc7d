"""How Stripe's events are filed: keys, routes, times; and that no JSON can break the reading."""

import json
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given

from events.clock import EPOCH
from events.envelope import NewEvent
from events.routing import digest_key
from tests.webhooks.envelopes import assert_storable
from tests.webhooks.json_strategies import json_objects, overwritten
from tests.webhooks.signing import NOW
from webhooks.stripe.envelope import stripe_event
from webhooks.verification import Secret, Verified

VERIFIED = Verified(Secret(0, "f" * 12, b"key"), NOW, "t=1,v1=00")
CREATED = 1_700_000_000

SUBSCRIPTION: dict[str, Any] = {
    "id": "evt_1",
    "object": "event",
    "api_version": "2025-03-31.basil",
    "created": CREATED,
    "type": "customer.subscription.updated",
    "livemode": True,
    "request": {"id": "req_1", "idempotency_key": None},
    "data": {
        "object": {"id": "sub_1", "object": "subscription", "customer": "cus_1", "created": 5},
        "previous_attributes": {"status": "trialing"},
    },
}
THIN: dict[str, Any] = {
    "id": "evt_2",
    "object": "v2.core.event",
    "type": "v1.billing.meter.error_report_triggered",
    "created": "2022-02-15T00:27:45.330123Z",
    "related_object": {"id": "mtr_1", "type": "billing.meter", "url": "/v1/billing/meters/mtr_1"},
    "reason": {"type": "request", "request": {"id": "req_2", "idempotency_key": "bar"}},
    "snapshot_event": "evt_twin",
}


def read(event: dict[str, Any]) -> NewEvent:
    return stripe_event(event, json.dumps(event), VERIFIED)


def with_object(**changes: Any) -> dict[str, Any]:
    return SUBSCRIPTION | {"data": {"object": SUBSCRIPTION["data"]["object"] | changes}}


def test_test_events_of_the_dashboard_share_an_id_and_are_different_events() -> None:
    first, second = (
        read(SUBSCRIPTION | {"id": "evt_00000000000000", "type": kind})
        for kind in ("customer.created", "customer.deleted")
    )

    assert first.idempotency_key != second.idempotency_key


def test_a_snapshot_event_is_filed_under_its_customer() -> None:
    event = read(SUBSCRIPTION)

    assert event.event_type == "stripe.customer.subscription.updated"
    assert (event.source_system, event.idempotency_key) == ("stripe", "evt_1")
    assert event.route_key == "cus_1"
    assert (event.aggregate_type, event.aggregate_id) == ("stripe_customer", "cus_1")
    assert event.occurred_at == datetime(2023, 11, 14, 22, 13, 20, tzinfo=UTC)
    assert event.correlation_id == "req_1"
    assert event.metadata["api_version"] == "2025-03-31.basil"
    assert json.loads(event.payload) == SUBSCRIPTION


def test_a_thin_event_is_filed_under_its_related_object() -> None:
    event = read(THIN)

    assert event.route_key == "evt_2"
    assert (event.aggregate_type, event.aggregate_id) == ("stripe_billing.meter", "mtr_1")
    assert event.occurred_at == datetime(2022, 2, 15, 0, 27, 45, 330123, tzinfo=UTC)
    assert event.correlation_id == "req_2"
    assert event.metadata["snapshot_event"] == "evt_twin"
    assert event.metadata["related_object"] == THIN["related_object"]


def test_a_thin_event_about_a_customer_is_routed_to_it() -> None:
    related = {"id": "cus_9", "type": "customer", "url": "/v1/customers/cus_9"}

    assert read(THIN | {"related_object": related}).route_key == "cus_9"


def test_an_expanded_customer_counts_by_its_id() -> None:
    assert read(with_object(customer={"id": "cus_2", "object": "customer"})).route_key == "cus_2"


def test_a_customer_is_its_own_customer() -> None:
    event = with_object(id="cus_3", object="customer", customer="cus_other")

    assert read(event).route_key == "cus_3"


def test_a_detached_payment_method_goes_to_the_customer_it_left() -> None:
    event = SUBSCRIPTION | {
        "type": "payment_method.detached",
        "data": {
            "object": {"id": "pm_1", "object": "payment_method", "customer": None},
            "previous_attributes": {"customer": "cus_4"},
        },
    }

    assert read(event).route_key == "cus_4"
    assert read(event).aggregate_type == "stripe_customer"


@pytest.mark.parametrize("owner", [{"account": "acct_1"}, {"context": "acct_1"}])
def test_an_account_is_part_of_identity_and_route(owner: dict[str, str]) -> None:
    event = read(SUBSCRIPTION | owner)

    assert event.idempotency_key == "acct_1/evt_1"
    assert event.route_key == "acct_1/cus_1"
    assert event.aggregate_id == "cus_1"


def test_an_accounts_event_without_a_customer_goes_to_the_account() -> None:
    event = read(THIN | {"context": "org_1/acct_2"})

    assert event.route_key == "org_1/acct_2"
    assert event.idempotency_key == "org_1/acct_2/evt_2"


def test_an_object_without_id_is_filed_under_the_event() -> None:
    upcoming = {"object": "invoice", "customer": None}
    event = read(SUBSCRIPTION | {"type": "invoice.upcoming", "data": {"object": upcoming}})

    assert (event.aggregate_type, event.aggregate_id) == ("stripe_event", "evt_1")
    assert event.route_key == "evt_1"


@pytest.mark.parametrize("event_id", [None, "", 5, ["evt_1"], True])
def test_an_event_without_id_is_known_by_its_body(event_id: object) -> None:
    event = SUBSCRIPTION | {"id": event_id}

    assert read(event).idempotency_key == digest_key(json.dumps(event).encode())


@pytest.mark.parametrize("kind", [None, "", 7, {}])
def test_an_event_without_type_is_untyped(kind: object) -> None:
    assert read(SUBSCRIPTION | {"type": kind}).event_type == "stripe.untyped"


@pytest.mark.parametrize(
    ("livemode", "live"), [(True, True), (False, False), (None, True), (0, True), ("false", True)]
)
def test_only_a_literal_false_is_a_test_event(livemode: object, live: bool) -> None:
    assert read(SUBSCRIPTION | {"livemode": livemode}).livemode is live


ABSURD: list[object] = [None, True, -1, 1.5, 253_402_300_800, 10**400, [], {}]
ABSURD += ["", "yesterday", "1969-12-31T23:59:59Z", "9999-12-31T23:59:59-12:00"]


@pytest.mark.parametrize("created", ABSURD)
def test_an_absurd_time_falls_back_to_the_objects(created: object) -> None:
    assert read(SUBSCRIPTION | {"created": created}).occurred_at.timestamp() == 5


@pytest.mark.parametrize("created", ABSURD)
def test_without_any_time_it_happened_in_1970(created: object) -> None:
    event = with_object(created=created) | {"created": created}

    assert read(event).occurred_at == EPOCH


def test_the_epoch_itself_is_a_time() -> None:
    assert read(SUBSCRIPTION | {"created": 0}).occurred_at == EPOCH


@pytest.mark.parametrize("request_id", ["req_old", {"id": "req_old"}])
def test_the_request_is_read_in_both_shapes(request_id: object) -> None:
    assert read(SUBSCRIPTION | {"request": request_id}).metadata["request_id"] == "req_old"


def test_without_a_request_the_object_correlates() -> None:
    assert read(SUBSCRIPTION | {"request": None}).correlation_id == "sub_1"


@pytest.mark.parametrize("text", ["cus_\x00", "cus_\ud800", "c" * 501, "ü" * 251])
def test_an_id_no_index_can_hold_becomes_its_digest(text: str) -> None:
    event = read(with_object(customer=text))

    assert event.route_key == digest_key(text.encode("utf-8", "surrogatepass"))
    assert event.aggregate_id == event.route_key


@given(json_objects())
def test_any_json_object_has_an_envelope(event: dict[str, Any]) -> None:
    assert_storable(stripe_event(event, "{}", VERIFIED))


@given(overwritten(SUBSCRIPTION), overwritten(THIN))
def test_any_damage_to_a_real_event_leaves_an_envelope(
    snapshot: dict[str, Any], thin: dict[str, Any]
) -> None:
    assert_storable(stripe_event(snapshot, "{}", VERIFIED))
    assert_storable(stripe_event(thin, "{}", VERIFIED))


@given(overwritten(SUBSCRIPTION))
def test_the_envelope_depends_on_the_body_alone(event: dict[str, Any]) -> None:
    later = Verified(Secret(3, "0" * 12, b"other"), datetime(2030, 1, 1, tzinfo=UTC), "t=2,v1=11")
    first, second = stripe_event(event, "{}", VERIFIED), stripe_event(event, "{}", later)

    assert replace(first, metadata={}) == replace(second, metadata={})
