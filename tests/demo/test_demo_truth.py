"""The oracle itself, held against answers worked out by hand."""

from datetime import UTC, datetime, timedelta

import pytest

from demo.objects import StripeAddress, StripeSubscription
from demo.prices import price_of
from demo.world import DemoPerson, DemoWorld
from tests.oracle import current_of, truth_of

START = datetime(2026, 1, 1, tzinfo=UTC)
BERLIN = StripeAddress("Torstraße 1", "Berlin", None, "10119", "DE")


@pytest.fixture
def world() -> DemoWorld:
    return DemoWorld(start=START)


@pytest.fixture
def ada(world: DemoWorld) -> DemoPerson:
    return world.join(first_name="Ada", last_name="Lee", email="ada@example.com")


def buy(world: DemoWorld, person: DemoPerson, plan: str, *, trial_days: int = 0) -> str:
    bought = world.stripe.checkout(
        price_of(plan),
        email=person.email,
        trial_days=trial_days,
        address=BERLIN,
        client_reference_id=person.user_id,
        session_metadata={"planId": plan},
    )
    person.customers.append(bought.customer)
    person.linked(bought.customer)
    return bought.subscription


def test_nobody_bought_anything(world: DemoWorld, ada: DemoPerson) -> None:
    columns = truth_of(world, ada).certain

    assert columns["full_name"] == "Ada Lee"
    assert columns["subscription_status"] == "none"
    assert columns["current_plan"] == "free"
    assert columns["trial_status"] == "pending"
    assert columns["billing_sync_status"] == "pending"


def test_trial_that_converts(world: DemoWorld, ada: DemoPerson) -> None:
    buy(world, ada, "viral_surge", trial_days=7)
    running = truth_of(world, ada).certain
    world.wait(timedelta(days=7, hours=2))
    columns = truth_of(world, ada).certain

    assert (running["trial_status"], running["current_plan"]) == ("active", "viral_surge")
    assert columns["trial_status"] == "converted"
    assert columns["trial_conversion_date"] == columns["trial_end_date"]
    assert columns["trial_end_date"] - columns["trial_start_date"] == timedelta(days=7)
    assert columns["billing_address_city"] == "Berlin"


def test_trial_cancelled_in_time_is_expired(world: DemoWorld, ada: DemoPerson) -> None:
    subscription_id = buy(world, ada, "glow_up", trial_days=7)
    world.stripe.subscriptions.cancel_at_period_end(subscription_id)
    promised = truth_of(world, ada).certain
    world.wait(timedelta(days=8))
    columns = truth_of(world, ada).certain

    assert promised["subscription_cancel_date"] == promised["trial_end_date"]
    assert promised["subscription_renewal_date"] is None
    assert (columns["subscription_status"], columns["trial_status"]) == ("canceled", "expired")
    assert (columns["current_plan"], columns["intended_plan"]) == ("free", "glow_up")
    assert columns["stripe_subscription_id"] == subscription_id


def test_uncancelling_clears_the_date(world: DemoWorld, ada: DemoPerson) -> None:
    subscription_id = buy(world, ada, "glow_up")
    world.stripe.subscriptions.cancel_at_period_end(subscription_id)
    world.stripe.subscriptions.uncancel(subscription_id)
    columns = truth_of(world, ada).certain

    assert columns["subscription_cancel_date"] is None
    assert columns["subscription_renewal_date"] == datetime(2026, 2, 1, tzinfo=UTC)


def test_late_link_brings_everything_before_it(world: DemoWorld, ada: DemoPerson) -> None:
    bought = world.stripe.checkout(price_of("glow_up"), email=ada.email)
    ada.customers.append(bought.customer)
    before = truth_of(world, ada).columns["subscription_status"]
    world.stripe.link_customer(bought.customer, {"clerk_user_id": ada.user_id})
    ada.linked(bought.customer)

    assert before == "none"
    assert truth_of(world, ada).certain["subscription_status"] == "active"


def test_active_outranks_a_newer_past_due(world: DemoWorld, ada: DemoPerson) -> None:
    first = buy(world, ada, "glow_up")
    second = buy(world, ada, "fame_flex")
    newest = truth_of(world, ada).price_id
    world.stripe.subscriptions.fail_payment(second)

    assert newest == "price_fame_flex_monthly"
    assert current_of(world.stripe.log.all(StripeSubscription)) == world.stripe.log.get(
        StripeSubscription, first
    )


def test_deleted_user_keeps_the_bill_and_loses_the_name(world: DemoWorld, ada: DemoPerson) -> None:
    buy(world, ada, "glow_up")
    world.clerk.delete(ada.user_id)
    columns = truth_of(world, ada).certain

    assert (columns["email"], columns["full_name"]) == (None, None)
    assert columns["deleted_at"] is not None
    assert columns["subscription_status"] == "active"


def test_test_mode_changes_nothing(world: DemoWorld, ada: DemoPerson) -> None:
    before = truth_of(world, ada).columns
    world.test_stripe.checkout(price_of("fame_flex"), email=ada.email, client_reference_id=ada.user_id)

    assert not world.deliveries[-1].event["livemode"]
    assert truth_of(world, ada).columns == before
