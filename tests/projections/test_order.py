"""Canonical order: by instant, then by cause, never by arrival."""

from itertools import permutations
from random import Random
from typing import Any

import pytest

from events.envelope import NewEvent
from projections.order import order_instant
from projections.parse_fact import EXACT_KINDS, STRIPE_KINDS, STRIPE_READERS, TRACKED
from projections.state import State
from projections.trail import MAX_VISITS, Graph
from tests.projections.event_builders import (
    CUSTOMER,
    START,
    USER,
    address,
    card,
    customer,
    facts_of,
    item,
    linked,
    price,
    stripe,
    subscription,
)
from tests.projections.model import profile, tables_of

Json = dict[str, Any]
UPDATED = "customer.subscription.updated"


def chain(*steps: tuple[str, Json, Json], at: float = 5) -> list[NewEvent]:
    """Updates of one second: (key, snapshot after, previous attributes)."""
    return [stripe(UPDATED, after, was=was, at=at, key=key) for key, after, was in steps]


def outcomes(*events: NewEvent, column: str, before: tuple[NewEvent, ...] = ()) -> set[object]:
    """The values of a column over every order of arrival; all five tables must agree as well."""
    seen = [tables_of([*before, *order]) for order in permutations(events)]
    assert all(one == seen[0] for one in seen)
    return {profile(*before, *order)[column] for order in list(permutations(events))[:6]}


def billed(price_id: str, status: str = "active", **fields: Any) -> Json:
    return subscription(status, price=price(price_id), **fields)


def items_of(price_id: str) -> Json:
    """How previous_attributes names a changed item: the whole list."""
    return {"data": [item(price(price_id))]}


GLOW, SURGE, FLEX = "price_glow_up_monthly", "price_viral_surge_monthly", "price_fame_flex_monthly"


def test_later_second_wins_whatever_the_ids_say() -> None:
    events = [
        linked(),
        stripe(UPDATED, subscription("past_due"), at=5, key="evt_z"),
        stripe(UPDATED, subscription("active"), at=6, key="evt_a"),
    ]

    assert outcomes(*events, column="subscription_status") == {"active"}


@pytest.mark.parametrize("keys", list(permutations("abc")))
def test_status_chain_of_one_second_follows_its_previous_values(keys: tuple[str, ...]) -> None:
    events = chain(
        (f"evt_{keys[0]}", subscription("active"), {"status": "incomplete"}),
        (f"evt_{keys[1]}", subscription("past_due"), {"status": "active"}),
        (f"evt_{keys[2]}", subscription("unpaid"), {"status": "past_due"}),
    )

    assert outcomes(*events, column="subscription_status", before=(linked(),)) == {"unpaid"}


@pytest.mark.parametrize("keys", list(permutations("abc")))
def test_flip_flop_ends_where_its_trail_ends(keys: tuple[str, ...]) -> None:
    """active → past_due → active → past_due in one second: only one end is possible."""
    before = (linked(), stripe(UPDATED, subscription("active"), at=1))
    events = chain(
        (f"evt_{keys[0]}", subscription("past_due"), {"status": "active"}),
        (f"evt_{keys[1]}", subscription("active"), {"status": "past_due"}),
        (f"evt_{keys[2]}", subscription("past_due"), {"status": "active"}),
    )

    assert outcomes(*events, column="subscription_status", before=before) == {"past_due"}


@pytest.mark.parametrize("keys", ["ab", "ba"])
def test_closed_round_starts_from_what_was_known(keys: str) -> None:
    """There and back again: the state before the second says where the round begins."""
    before = (linked(), stripe(UPDATED, subscription(), at=1))
    events = chain(
        (f"evt_{keys[0]}", subscription(cancel_at_period_end=True), {"cancel_at_period_end": False}),
        (f"evt_{keys[1]}", subscription(), {"cancel_at_period_end": True}),
    )

    assert outcomes(*events, column="subscription_cancel_date", before=before) == {None}


@pytest.mark.parametrize("keys", list(permutations("abc"))[:4])
def test_items_arrays_chain_by_the_whole_list(keys: tuple[str, ...]) -> None:
    events = chain(
        (f"evt_{keys[0]}", billed(SURGE), {"items": items_of(GLOW)}),
        (f"evt_{keys[1]}", billed(FLEX), {"items": items_of(SURGE)}),
        (f"evt_{keys[2]}", billed(GLOW), {"items": items_of(FLEX)}),
    )
    before = (linked(), stripe(UPDATED, billed(GLOW), at=1))

    assert outcomes(*events, column="current_plan", before=before) == {"glow_up"}
    assert outcomes(*events[:2], column="current_plan", before=before) == {"fame_flex"}


@pytest.mark.parametrize("keys", ["abcde", "edcba", "badce", "cdeab"])
def test_chain_of_five_over_several_attributes(keys: str) -> None:
    steps: list[tuple[Json, Json]] = [
        (billed(GLOW, "active"), {"status": "incomplete"}),
        (billed(SURGE, "active"), {"items": items_of(GLOW)}),
        (billed(SURGE, cancel_at_period_end=True), {"cancel_at_period_end": False}),
        (billed(FLEX, cancel_at_period_end=True), {"items": items_of(SURGE)}),
        (billed(FLEX), {"cancel_at_period_end": True}),
    ]
    events = chain(*((f"evt_{key}", after, was) for key, (after, was) in zip(keys, steps, strict=True)))
    before = (linked(), stripe("customer.subscription.created", billed(GLOW, "incomplete"), at=5))
    seen = [tables_of([*before, *order]) for order in permutations(events)]

    assert all(one == seen[0] for one in seen)
    assert profile(*before, *events)["current_plan"] == "fame_flex"
    assert profile(*before, *events)["subscription_cancel_date"] is None


def test_nested_hash_names_only_the_keys_that_changed() -> None:
    """previous_attributes of a hash holds its changed keys; the others stand as they are now."""

    def settled(method: str, footer: str) -> Json:
        return customer(invoice_settings={"default_payment_method": method, "footer": footer})

    first = stripe(
        "customer.updated",
        settled("pm_b", "x"),
        was={"invoice_settings": {"default_payment_method": "pm_a"}},
        at=5,
        key="evt_b",
    )
    second = stripe(
        "customer.updated",
        settled("pm_c", "x"),
        was={"invoice_settings": {"default_payment_method": "pm_b"}},
        at=5,
        key="evt_a",
    )
    before = (stripe("customer.created", settled("pm_a", "x"), at=1),)

    assert outcomes(first, second, column="payment_method_id", before=before) == {"pm_c"}


def test_address_chain_with_a_null_before() -> None:
    berlin, rome = address("Berlin", "DE", "10119"), address("Rome", "IT", "00100")
    first = stripe("customer.updated", customer(address=berlin), was={"address": None}, at=5, key="evt_z")
    second = stripe(
        "customer.updated",
        customer(address=rome),
        was={"address": {"city": "Berlin", "country": "DE", "postal_code": "10119"}},
        at=5,
        key="evt_a",
    )

    assert outcomes(first, second, linked(), column="billing_address_city") == {"Rome"}


def test_metadata_key_that_was_added_was_null_before() -> None:
    first = stripe(
        UPDATED,
        billed("price_x", metadata={"planId": "glow_up"}),
        was={"metadata": {"planId": None}},
        at=5,
        key="evt_b",
    )
    second = stripe(
        UPDATED,
        billed("price_x", metadata={"planId": "fame_flex"}),
        was={"metadata": {"planId": "glow_up"}},
        at=5,
        key="evt_a",
    )

    assert outcomes(linked(), first, second, column="current_plan") == {"fame_flex"}


def test_attributes_no_table_tracks_put_nothing_out_of_order() -> None:
    note = subscription("past_due", description="new", latest_invoice="in_2")
    events = chain(
        ("evt_c", subscription("active"), {"status": "incomplete"}),
        ("evt_b", subscription("past_due", latest_invoice="in_2"), {"status": "active"}),
        ("evt_a", note, {"description": None, "latest_invoice": "in_1"}),
    )

    assert outcomes(linked(), *events, column="subscription_status") == {"past_due"}


@pytest.mark.parametrize("keys", ["abc", "cba", "bca"])
def test_created_before_updated_before_deleted(keys: str) -> None:
    events = [
        stripe("customer.subscription.created", subscription("incomplete"), at=5, key=f"evt_{keys[0]}"),
        stripe(UPDATED, subscription(), at=5, key=f"evt_{keys[1]}", was={"status": "incomplete"}),
        stripe(
            "customer.subscription.deleted",
            subscription("canceled", ended_at=START + 5),
            at=5,
            key=f"evt_{keys[2]}",
        ),
    ]

    assert outcomes(linked(), *events, column="subscription_status") == {"canceled"}


@pytest.mark.parametrize("twin_of", [0, 1, 2])
def test_second_event_object_for_one_change_changes_nothing(twin_of: int) -> None:
    steps = [
        (subscription("active"), {"status": "incomplete"}),
        (subscription("past_due"), {"status": "active"}),
        (subscription("unpaid"), {"status": "past_due"}),
    ]
    steps.append(steps[twin_of])
    for keys in permutations("abcd"):
        events = chain(*((f"evt_{key}", *step) for key, step in zip(keys, steps, strict=True)))

        assert profile(linked(), *events)["subscription_status"] == "unpaid"


@pytest.mark.parametrize("keys", list(permutations("abcd")))
def test_twin_of_a_change_that_was_undone_leaves_the_end_where_it_is(keys: tuple[str, ...]) -> None:
    """active → past_due (told twice) → active → unpaid: with the twin no trail takes every change once."""
    before = (linked(), stripe(UPDATED, subscription("active"), at=1))
    steps = [("past_due", "active"), ("past_due", "active"), ("active", "past_due"), ("unpaid", "active")]
    events = chain(
        *(
            (f"evt_{key}", subscription(status), {"status": was})
            for key, (status, was) in zip(keys, steps, strict=True)
        )
    )

    assert outcomes(*events, column="subscription_status", before=before) == {"unpaid"}


@pytest.mark.parametrize("keys", list(permutations("abc")))
def test_cards_of_the_days_before_payment_methods_follow_their_previous_values(keys: tuple[str, ...]) -> None:
    def changed(last4: str, was: str, key: str) -> NewEvent:
        payload = {"id": "card_1", "object": "card", "customer": CUSTOMER, "brand": "Visa", "last4": last4}
        return stripe("customer.source.updated", payload, was={"last4": was}, at=5, key=f"evt_{key}")

    events = [changed(str(step + 1), str(step), key) for step, key in enumerate(keys)]

    assert outcomes(*events, column="card_last4", before=(linked(),)) == {"3"}


def test_every_object_that_a_table_reads_is_put_in_order() -> None:
    """Each kind has attributes whose previous values count, and a body that says which object it is."""
    kinds = {kind for _, kind in STRIPE_KINDS} | set(EXACT_KINDS.values())
    bodies = {
        STRIPE_READERS[kind]({"id": "x_1", "status": "active", "customer": None}, "", "") for kind in kinds
    }

    assert set(TRACKED) == kinds
    assert all(TRACKED.values())
    assert {getattr(body, "id", None) for body in bodies} == {"x_1"}


def test_snapshot_without_previous_values_stands_where_it_shows_nothing_new() -> None:
    """A warning with the snapshot from before the change does not undo it, whatever its type or id."""
    before = (linked(), stripe(UPDATED, subscription("trialing"), at=1))
    events = [
        stripe(UPDATED, subscription("active"), was={"status": "trialing"}, at=5, key="evt_a"),
        stripe("customer.subscription.zz_noted", subscription("trialing"), at=5, key="evt_z"),
    ]

    assert outcomes(*events, column="subscription_status", before=before) == {"active"}


@pytest.mark.parametrize("nodes", [2, 31, 700])
def test_thousand_changes_in_one_second_are_ordered_with_bounded_work(nodes: int) -> None:
    random = Random(nodes)
    events = [
        stripe("payment_method.updated", card(last4=str(now)), was={"card": {"last4": str(was)}}, at=5)
        for was, now in ((random.randrange(nodes), random.randrange(nodes)) for _ in range(1000))
    ]
    facts = facts_of(events)
    shuffled = random.sample(facts, len(facts))
    state = State(user_id=USER)
    changes = [fact for fact in facts if fact.before != fact.body]
    kinds_of_change = len({(fact.before, fact.body) for fact in changes})
    tries = sum(1 for _ in Graph(changes, None).counts())

    assert order_instant(facts, state) == order_instant(shuffled, state)
    assert {fact.id for fact in order_instant(facts, state)} == {fact.id for fact in facts}
    assert tries * kinds_of_change <= MAX_VISITS + 2 * kinds_of_change


@pytest.mark.parametrize("fields", [{"previous_attributes": None}, {"previous_attributes": []}, {}])
def test_updates_that_say_nothing_of_before_go_by_their_ids(fields: Json) -> None:
    def update(status: str, key: str) -> NewEvent:
        return stripe(UPDATED, subscription(status), at=5, key=key, data=data(subscription(status), fields))

    events = [update("active", "evt_b"), update("past_due", "evt_a")]

    assert outcomes(linked(), *events, column="subscription_status") == {"active"}


def data(payload: Json, fields: Json) -> Json:
    return {"object": payload} | fields


def test_previous_attributes_that_make_no_sense_are_no_poison() -> None:
    strange = stripe(UPDATED, subscription(), was={"items": 7, "status": ["x"], "customer": {}}, at=5)
    other = stripe(UPDATED, subscription(), was={"status": "past_due"}, at=5)

    assert outcomes(linked(), strange, other, column="billing_sync_status") == {"synced"}


def test_chains_of_two_subscriptions_do_not_mix() -> None:
    events = chain(
        ("evt_b", subscription("past_due", id="sub_a"), {"status": "active"}),
        ("evt_a", subscription("unpaid", id="sub_a"), {"status": "past_due"}),
        ("evt_d", subscription("active", id="sub_b"), {"status": "incomplete"}),
        ("evt_c", subscription("past_due", id="sub_b"), {"status": "active"}),
    )

    assert outcomes(linked(), *events, column="stripe_subscription_id") == {"sub_b"}


def test_card_chain_of_one_second() -> None:
    def updated(last4: str, was: str, key: str) -> NewEvent:
        hidden = {"card": {"last4": was}}
        return stripe("payment_method.updated", card() | face(last4), was=hidden, at=5, key=key)

    def face(last4: str) -> Json:
        return {"card": {"brand": "visa", "last4": last4, "exp_month": 4, "exp_year": 2031}}

    events = [
        stripe("payment_method.attached", card(), at=1),
        updated("2222", "4242", "evt_c"),
        updated("3333", "2222", "evt_b"),
        updated("4444", "3333", "evt_a"),
    ]

    assert outcomes(linked(), *events, column="card_last4") == {"4444"}


def test_unlinked_facts_of_a_second_leave_other_objects_in_rank() -> None:
    """Facts of many objects in one second: the order among them is a pure function of the set."""
    events = [
        stripe("customer.created", customer(), at=5, key="evt_1"),
        stripe("payment_method.attached", card(), at=5, key="evt_2"),
        stripe("customer.subscription.created", subscription("trialing"), at=5, key="evt_3"),
        stripe("customer.subscription.trial_will_end", subscription("trialing"), at=5, key="evt_4"),
        stripe("customer.updated", customer(), was={"delinquent": True}, at=5, key="evt_5"),
    ]

    assert len({str(tables_of(order)) for order in permutations(events)}) == 1
    assert tables_of(events)[USER]["user_billing"]["stripe_customer_id"] == CUSTOMER
