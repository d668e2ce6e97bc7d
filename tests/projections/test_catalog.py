"""The catalog: which plan a price means, and what happens when that changes."""

from itertools import permutations

import pytest

from events.domain import plan_event
from events.domain.system import PlanRetired
from projections.catalog import PlanEvent, fold_catalog
from projections.shapes.subscription import PlanHint
from tests.projections.event_builders import (
    DAY,
    USER,
    instant,
    linked,
    price,
    published,
    stripe,
    subscription,
)
from tests.projections.model import CATALOG, DEFAULT_PLANS, catalog_of, profile, tables_of


def plan_of(**hint: str) -> str | None:
    return CATALOG.plan_of(PlanHint(**hint))


@pytest.mark.parametrize("interval", ["monthly", "yearly"])
def test_price_id_names_its_plan(interval: str) -> None:
    assert plan_of(price_id=f"price_viral_surge_{interval}") == "viral_surge"


@pytest.mark.parametrize(
    "lookup_key",
    ["fame_flex", "fame_flex_monthly", "fame_flex_yearly", "fame_flex-month", "fame_flex_annual"],
)
def test_lookup_key_names_its_plan_with_or_without_the_interval(lookup_key: str) -> None:
    assert plan_of(price_id="price_other", lookup_key=lookup_key) == "fame_flex"


@pytest.mark.parametrize("lookup_key", ["fame", "fame_flex_", "monthly", "_monthly", "fame_flex_weekly", ""])
def test_lookup_key_of_nothing_known_names_nothing(lookup_key: str) -> None:
    assert plan_of(lookup_key=lookup_key) is None


def test_price_id_then_lookup_key_then_prices_metadata() -> None:
    hint = {
        "price_id": "price_glow_up_monthly",
        "lookup_key": "viral_surge",
        "metadata_plan": "fame_flex",
    }
    plans = []
    while hint:
        plans.append(plan_of(**hint))
        del hint[next(iter(hint))]

    assert plans == ["glow_up", "viral_surge", "fame_flex"]


@pytest.mark.parametrize("spelling", ["plan_key", "planId"])
def test_metadata_of_price_or_subscription_names_the_plan(spelling: str) -> None:
    on_price = subscription(price=price("price_x", **{spelling: "fame_flex"}))
    on_subscription = subscription(price=price("price_x"), metadata={spelling: "fame_flex"})
    for payload in (on_price, on_subscription):
        row = profile(linked(), stripe("customer.subscription.created", payload, at=1))

        assert (row["current_plan"], row["billing_sync_status"]) == ("fame_flex", "synced")


def test_metadata_that_names_no_plan_is_an_unknown_price() -> None:
    payload = subscription(price=price("price_x", plan_key="golden"), metadata={"planId": "silver"})
    row = profile(linked(), stripe("customer.subscription.created", payload, at=1))

    assert (row["current_plan"], row["billing_sync_status"]) == ("free", "error")


def test_price_ids_of_old_versions_still_resolve() -> None:
    newer = published("glow_up", monthly="price_glow_up_2027", at=DAY)
    catalog = catalog_of([*DEFAULT_PLANS, newer])

    for price_id in ("price_glow_up_monthly", "price_glow_up_2027", "price_glow_up_yearly"):
        assert catalog.plan_of(PlanHint(price_id=price_id)) == "glow_up"


def test_price_id_given_to_another_plan_means_that_one_from_then_on() -> None:
    reassigned = published("fame_flex", monthly="price_glow_up_monthly", at=DAY)
    catalog = catalog_of([*DEFAULT_PLANS, reassigned])

    assert catalog.plan_of(PlanHint(price_id="price_glow_up_monthly")) == "fame_flex"


def test_unknown_price_heals_when_its_plan_is_published() -> None:
    events = [linked(), stripe("customer.subscription.created", subscription(price=price("price_new")), at=1)]
    late = published("glow_up", campaigns=3, creators=9, features={}, monthly="price_new", at=DAY)
    before = tables_of(events)[USER]["user_subscriptions"]
    after = tables_of(events, catalog_of([*DEFAULT_PLANS, late]))[USER]["user_subscriptions"]

    assert (before["current_plan"], before["billing_sync_status"]) == ("free", "error")
    assert (after["current_plan"], after["billing_sync_status"]) == ("glow_up", "synced")
    assert (before["updated_at"], after["updated_at"]) == (instant(1), instant(DAY))


def test_retired_plan_is_kept_by_those_who_have_it() -> None:
    retired = plan_event(PlanRetired(plan_key="glow_up"), now=instant(DAY), idempotency_key="r")
    catalog = catalog_of([*DEFAULT_PLANS, retired])
    row = profile(linked(), stripe("customer.subscription.created", subscription(), at=1), catalog=catalog)

    assert catalog.plans["glow_up"].is_active is False
    assert (row["current_plan"], row["plan_campaigns_limit"]) == ("glow_up", 3)


def test_published_again_after_retirement_is_sold_again() -> None:
    retired = plan_event(PlanRetired(plan_key="glow_up"), now=instant(DAY), idempotency_key="r")
    again = published("glow_up", at=2 * DAY)

    assert catalog_of([*DEFAULT_PLANS, retired, again]).plans["glow_up"].is_active is True


def test_catalog_is_the_same_in_whatever_order_it_is_told() -> None:
    events = [
        published("glow_up", campaigns=1, monthly="price_a", at=1),
        published("glow_up", campaigns=2, monthly="price_b", at=2),
        published("fame_flex", monthly="price_a", at=2),
        plan_event(PlanRetired(plan_key="glow_up"), now=instant(2), idempotency_key="r"),
    ]

    assert len({catalog_of(order).digest() for order in permutations(events)}) == 1


@pytest.mark.parametrize("payload", ["{}", "[]", '{"plan_key": 7}', '{"plan_key": "glow_up"}', "null", "{"])
@pytest.mark.parametrize("kind", ["plan.published", "plan.retired"])
def test_plan_event_that_cannot_be_read_leaves_the_version_before(kind: str, payload: str) -> None:
    good = PlanEvent(1, "plan.published", "a", DEFAULT_PLANS[1].payload)
    catalog = fold_catalog([good, PlanEvent(2, kind, "b", payload)])

    assert catalog.plans["glow_up"].campaigns_limit == 3


def test_plan_events_of_unknown_type_are_left_alone() -> None:
    assert fold_catalog([PlanEvent(1, "plan.renamed", "a", "{}")]).plans == {}
