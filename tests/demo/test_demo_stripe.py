"""The little Stripe behaves as the real one does, burst by burst."""

from datetime import UTC, datetime, timedelta

import pytest

from demo.objects import Customer, Invoice, StripeSubscription
from demo.prices import price_of
from demo.stripe_cycle import Dunning
from demo.stripe_subscriptions import Terms
from demo.world import DemoWorld

START = datetime(2026, 1, 31, 12, 0, tzinfo=UTC)
EMAIL = "ada@example.com"


@pytest.fixture
def world() -> DemoWorld:
    return DemoWorld(start=START)


def types(world: DemoWorld, *, since: int = 0) -> list[str]:
    return [delivery.event_type for delivery in world.deliveries[since:]]


def subscription(world: DemoWorld, subscription_id: str) -> StripeSubscription:
    return world.stripe.log.get(StripeSubscription, subscription_id)


def test_paid_checkout_is_one_burst_in_one_second(world: DemoWorld) -> None:
    bought = world.stripe.checkout(price_of("glow_up"), email=EMAIL, client_reference_id="user_2a")

    assert {delivery.occurred_at for delivery in world.deliveries} == {START}
    assert len({delivery.event["request"]["id"] for delivery in world.deliveries}) == 1
    assert types(world)[-1] == "checkout.session.completed"
    assert world.deliveries[-1].event["data"]["object"]["client_reference_id"] == "user_2a"
    assert subscription(world, bought.subscription).status == "active"


def test_new_subscription_is_incomplete_before_it_is_active(world: DemoWorld) -> None:
    world.stripe.checkout(price_of("glow_up"), email=EMAIL)
    payloads = {delivery.event_type: delivery.event["data"] for delivery in world.deliveries}

    assert payloads["customer.subscription.created"]["object"]["status"] == "incomplete"
    assert payloads["customer.subscription.updated"]["object"]["status"] == "active"
    assert payloads["customer.subscription.updated"]["previous_attributes"] == {"status": "incomplete"}


def test_trial_pays_nothing_at_first(world: DemoWorld) -> None:
    world.stripe.checkout(price_of("glow_up"), email=EMAIL, trial_days=7)
    paid = [d for d in world.deliveries if d.event_type == "invoice.paid"]

    assert [d.event["data"]["object"]["amount_paid"] for d in paid] == [0]
    assert "charge.succeeded" not in types(world)


def test_trial_warns_three_days_before_its_end(world: DemoWorld) -> None:
    world.stripe.checkout(price_of("glow_up"), email=EMAIL, trial_days=7)
    world.wait(timedelta(days=6))
    warning = next(d for d in world.deliveries if d.event_type.endswith("trial_will_end"))

    assert warning.occurred_at == START + timedelta(days=4)


def test_short_trial_warns_at_once(world: DemoWorld) -> None:
    world.stripe.checkout(price_of("glow_up"), email=EMAIL, trial_days=2)

    assert "customer.subscription.trial_will_end" in types(world)


def test_trial_becomes_active_an_hour_before_it_is_paid(world: DemoWorld) -> None:
    bought = world.stripe.checkout(price_of("glow_up"), email=EMAIL, trial_days=7)
    world.wait(timedelta(days=7, minutes=1))
    before = types(world).count("invoice.paid")
    active = subscription(world, bought.subscription).status
    world.wait(timedelta(hours=1))

    assert active == "active"
    assert types(world).count("invoice.paid") == before + 1


def test_months_keep_the_anchor_day(world: DemoWorld) -> None:
    bought = world.stripe.checkout(price_of("glow_up"), email=EMAIL)
    ends = []
    for _ in range(4):
        ends.append(datetime.fromtimestamp(subscription(world, bought.subscription).period_end, UTC))
        world.advance(ends[-1] + timedelta(minutes=1))

    assert [(end.month, end.day) for end in ends] == [(2, 28), (3, 31), (4, 30), (5, 31)]


@pytest.mark.parametrize(
    ("dunning", "status"),
    [("cancel", "canceled"), ("unpaid", "unpaid"), ("past_due", "past_due")],
)
def test_dunning_ends_as_configured(dunning: Dunning, status: str) -> None:
    world = DemoWorld(start=START, dunning=dunning)
    bought = world.stripe.checkout(price_of("glow_up"), email=EMAIL)
    world.stripe.subscriptions.fail_payment(bought.subscription)
    at_first = subscription(world, bought.subscription).status
    world.wait(timedelta(days=16))

    assert at_first == "past_due"
    assert types(world).count("invoice.payment_failed") == 4
    assert subscription(world, bought.subscription).status == status


def test_paying_the_open_invoice_makes_it_active_again(world: DemoWorld) -> None:
    bought = world.stripe.checkout(price_of("glow_up"), email=EMAIL)
    world.stripe.subscriptions.fail_payment(bought.subscription)
    world.wait(timedelta(days=1))
    world.stripe.subscriptions.pay(bought.subscription)

    assert subscription(world, bought.subscription).status == "active"
    assert not world.stripe.log.get(Customer, bought.customer).delinquent


def test_unpaid_first_invoice_expires_after_23_hours(world: DemoWorld) -> None:
    customer = world.stripe.create_customer(email=EMAIL)
    created = world.stripe.subscriptions.create(customer, price_of("glow_up"))
    world.wait(timedelta(hours=24))
    after = subscription(world, created.id)

    assert (created.status, after.status) == ("incomplete", "incomplete_expired")
    assert after.ended_at == created.created + 23 * 3_600
    assert [invoice.status for invoice in world.stripe.log.all(Invoice)] == ["void"]


def test_cancelling_later_ends_at_the_period_end(world: DemoWorld) -> None:
    bought = world.stripe.checkout(price_of("glow_up"), email=EMAIL)
    end = subscription(world, bought.subscription).period_end
    world.stripe.subscriptions.cancel_at_period_end(bought.subscription)
    mark = len(world.deliveries)
    world.wait(timedelta(days=40))
    after = subscription(world, bought.subscription)

    assert types(world, since=mark) == ["customer.subscription.deleted"]
    assert (after.ended_at, after.canceled_at) == (end, int(START.timestamp()))


def test_undoing_in_the_same_second_waits_for_the_next(world: DemoWorld) -> None:
    bought = world.stripe.checkout(price_of("glow_up"), email=EMAIL)
    world.stripe.subscriptions.cancel_at_period_end(bought.subscription)
    world.stripe.subscriptions.uncancel(bought.subscription)
    cancelled, undone = world.deliveries[-2:]

    assert undone.occurred_at == cancelled.occurred_at + timedelta(seconds=1)


def test_detached_card_names_its_owner_only_as_the_past(world: DemoWorld) -> None:
    bought = world.stripe.checkout(price_of("glow_up"), email=EMAIL)
    world.stripe.cards.change(bought.customer)
    detached = next(d for d in world.deliveries if d.event_type == "payment_method.detached")

    assert detached.event["data"]["object"]["customer"] is None
    assert detached.event["data"]["previous_attributes"] == {"customer": bought.customer}


def test_detaching_the_default_clears_it(world: DemoWorld) -> None:
    bought = world.stripe.checkout(price_of("glow_up"), email=EMAIL)
    world.stripe.cards.detach(world.stripe.cards.attached(bought.customer)[0].id)

    assert subscription(world, bought.subscription).default_payment_method is None


def test_trial_without_a_card_may_pause(world: DemoWorld) -> None:
    terms = Terms(trial_days=7, missing_method="pause")
    bought = world.stripe.checkout(price_of("glow_up"), email=EMAIL, with_card=False, terms=terms)
    world.wait(timedelta(days=8))

    assert subscription(world, bought.subscription).status == "paused"
    assert "customer.subscription.paused" in types(world)


def test_deleted_customer_takes_everything_along(world: DemoWorld) -> None:
    bought = world.stripe.checkout(price_of("glow_up"), email=EMAIL)
    mark = len(world.deliveries)
    world.stripe.delete_customer(bought.customer)

    assert types(world, since=mark) == [
        "customer.subscription.deleted",
        "payment_method.detached",
        "customer.deleted",
    ]


def test_upgrade_is_invoiced_and_downgrade_is_not(world: DemoWorld) -> None:
    bought = world.stripe.checkout(price_of("glow_up"), email=EMAIL)
    mark = len(world.deliveries)
    world.stripe.subscriptions.upgrade(bought.subscription, price_of("fame_flex"))
    middle = len(world.deliveries)
    world.stripe.subscriptions.downgrade(bought.subscription, price_of("glow_up"))

    assert "invoice.paid" in types(world, since=mark)[: middle - mark]
    assert types(world, since=middle) == ["customer.subscription.updated"]


def test_late_link_stands_in_the_metadata_with_its_absence_before(world: DemoWorld) -> None:
    customer = world.stripe.create_customer(email=EMAIL)
    world.stripe.link_customer(customer, {"userId": "user_2a"})
    data = world.deliveries[-1].event["data"]

    assert data["object"]["metadata"] == {"userId": "user_2a"}
    assert data["previous_attributes"] == {"metadata": {"userId": None}}
