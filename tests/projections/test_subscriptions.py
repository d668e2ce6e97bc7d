"""user_subscriptions: status, plan, dates; trials have a file of their own."""

from itertools import pairwise
from typing import Any

import pytest

from events.domain import user as user_events
from tests.projections.event_builders import (
    CUSTOMER,
    DAY,
    START,
    USER,
    clerk,
    customer,
    instant,
    item,
    linked,
    own,
    price,
    session,
    stripe,
    subscription,
    user,
)
from tests.projections.model import profile, tables_of

STATUSES = (
    "active",
    "trialing",
    "past_due",
    "unpaid",
    "paused",
    "incomplete",
    "canceled",
    "incomplete_expired",
)
IN_FORCE = {"trialing", "active", "past_due", "unpaid", "paused"}


def row_for(status: str = "active", **fields: Any) -> dict[str, object]:
    """The profile after one subscription snapshot."""
    return profile(linked(), stripe("customer.subscription.updated", subscription(status, **fields), at=1))


@pytest.mark.parametrize("status", [*STATUSES, "hibernating"])
def test_status_is_stripes_word_even_a_ninth(status: str) -> None:
    assert row_for(status)["subscription_status"] == status
    assert row_for(status)["billing_sync_status"] == "synced"


def test_status_is_none_before_any() -> None:
    assert profile(linked())["subscription_status"] == "none"


@pytest.mark.parametrize("status", STATUSES)
def test_plan_is_the_prices_while_in_force_else_free(status: str) -> None:
    assert row_for(status)["current_plan"] == ("glow_up" if status in IN_FORCE else "free")


@pytest.mark.parametrize(("better", "worse"), list(pairwise(STATUSES)))
def test_higher_status_is_current_though_created_earlier(better: str, worse: str) -> None:
    first = subscription(better, id="sub_a", created=START)
    second = subscription(worse, id="sub_b", created=START + 9)
    row = profile(
        linked(),
        stripe("customer.subscription.created", first, at=1),
        stripe("customer.subscription.created", second, at=9),
    )

    assert (row["subscription_status"], row["stripe_subscription_id"]) == (better, "sub_a")


@pytest.mark.parametrize(
    ("created_a", "created_b", "current"),
    [(5, 9, "sub_b"), (9, 5, "sub_a"), (5, 5, "sub_b")],
)
def test_of_equal_status_latest_created_then_id(created_a: int, created_b: int, current: str) -> None:
    a = subscription(id="sub_a", created=START + created_a)
    b = subscription(id="sub_b", created=START + created_b)
    row = profile(
        linked(),
        stripe("customer.subscription.updated", b, at=10),
        stripe("customer.subscription.updated", a, at=11),
    )

    assert row["stripe_subscription_id"] == current


@pytest.mark.parametrize("terminal", ["canceled", "incomplete_expired"])
@pytest.mark.parametrize("late", ["customer.subscription.created", "customer.subscription.updated"])
def test_ended_subscription_absorbs_whatever_says_otherwise(terminal: str, late: str) -> None:
    row = profile(
        linked(),
        stripe("customer.subscription.deleted", subscription(terminal, ended_at=START + 5), at=5),
        stripe(late, subscription("active"), at=6),
    )

    assert (row["subscription_status"], row["current_plan"]) == (terminal, "free")


def test_late_created_does_not_undo_canceled() -> None:
    row = profile(
        linked(),
        stripe("customer.subscription.deleted", subscription("canceled"), at=9),
        stripe("customer.subscription.created", subscription("active"), at=1),
    )

    assert row["subscription_status"] == "canceled"


def test_renewal_date_before_basil_stands_on_the_subscription() -> None:
    row = row_for(
        current_period_end=START + 30 * DAY,
        items={"data": [item(price("price_glow_up_monthly"), ends=None)]},
    )

    assert row["subscription_renewal_date"] == instant(30 * DAY)


def test_renewal_date_since_basil_is_the_earliest_items() -> None:
    items = [
        item(price("price_glow_up_monthly"), ends=30 * DAY),
        item(price("price_addon"), ends=7 * DAY),
    ]
    row = row_for(items={"data": items})

    assert (row["subscription_renewal_date"], row["current_plan"]) == (instant(7 * DAY), "glow_up")


def test_plan_of_the_days_before_prices() -> None:
    """2016: no items with prices, the subscription's own plan."""
    old = subscription(items=None, plan={"id": "price_viral_surge_monthly", "object": "plan"})
    row = profile(linked(), stripe("customer.subscription.created", old, at=1))

    assert row["current_plan"] == "viral_surge"


def test_item_with_a_plan_and_no_price() -> None:
    items = {"data": [{"id": "si_1", "plan": {"id": "price_fame_flex_yearly"}}]}

    assert row_for(items=items)["current_plan"] == "fame_flex"


def test_cancel_at_period_end_moves_renewal_to_cancel_date_and_back() -> None:
    cancelled = stripe("customer.subscription.updated", subscription(cancel_at_period_end=True), at=2)
    resumed = stripe("customer.subscription.updated", subscription(), at=3)
    row, back = profile(linked(), cancelled), profile(linked(), cancelled, resumed)

    assert (row["subscription_cancel_date"], row["subscription_renewal_date"]) == (instant(30 * DAY), None)
    assert (back["subscription_cancel_date"], back["subscription_renewal_date"]) == (
        None,
        instant(30 * DAY),
    )


def test_cancel_at_goes_before_the_period_end() -> None:
    row = row_for(cancel_at=START + 10 * DAY, cancel_at_period_end=True)

    assert (row["subscription_cancel_date"], row["subscription_renewal_date"]) == (instant(10 * DAY), None)


def test_cancel_at_beyond_the_period_still_renews() -> None:
    row = row_for(cancel_at=START + 90 * DAY)

    assert row["subscription_cancel_date"] == instant(90 * DAY)
    assert row["subscription_renewal_date"] == instant(30 * DAY)


@pytest.mark.parametrize(
    ("fields", "at"),
    [
        ({"ended_at": START + 4, "canceled_at": START + 2, "cancel_at": START + 8}, 4),
        ({"canceled_at": START + 2}, 2),
    ],
)
def test_once_ended_the_cancel_date_is_ended_at_or_canceled_at(fields: dict[str, Any], at: int) -> None:
    row = row_for("canceled", **fields)

    assert (row["subscription_cancel_date"], row["subscription_renewal_date"]) == (instant(at), None)


def test_canceled_at_alone_is_no_cancel_date_while_it_runs() -> None:
    """Stripe sets canceled_at when the request is made."""
    assert row_for(canceled_at=START + 2)["subscription_cancel_date"] is None


def test_null_clears() -> None:
    first = subscription(cancel_at=START + 9 * DAY, trial_end=START + DAY, trial_start=START)
    row = profile(
        linked(),
        stripe("customer.subscription.updated", subscription() | first, at=1),
        stripe("customer.subscription.updated", subscription(), at=2),
    )

    assert row["subscription_cancel_date"] is None
    assert (row["trial_start_date"], row["trial_end_date"]) == (None, None)


def test_intended_plan_is_the_last_selected_or_checked_out() -> None:
    selected = own(user_events.PlanSelected(plan_key="glow_up"), at=1)
    paid = stripe(
        "checkout.session.completed",
        session(client_reference_id=USER, metadata={"planId": "fame_flex"}),
        at=2,
    )
    later = own(user_events.PlanSelected(plan_key="viral_surge"), at=3)

    assert profile(selected)["intended_plan"] == "glow_up"
    assert profile(paid, selected)["intended_plan"] == "fame_flex"
    assert profile(later, paid, selected)["intended_plan"] == "viral_surge"


def test_checkout_without_a_plan_leaves_the_intention() -> None:
    row = profile(
        own(user_events.PlanSelected(plan_key="glow_up"), at=1),
        stripe("checkout.session.completed", session(client_reference_id=USER), at=2),
    )

    assert row["intended_plan"] == "glow_up"


def test_sync_is_pending_until_stripe_speaks() -> None:
    event = clerk("user.created", user())

    assert profile(event)["billing_sync_status"] == "pending"
    assert profile(event, linked(at=1))["billing_sync_status"] == "synced"


def test_sync_is_stale_while_stripe_is_ahead() -> None:
    begun = stripe("customer.subscription.created", subscription(), at=1)
    ahead = own(user_events.DriftObserved(object_ids=(subscription()["id"],)), at=2)
    of_another = own(user_events.DriftObserved(object_ids=("sub_of_another",)), at=3)
    caught_up = own(user_events.DriftObserved(object_ids=()), at=3)
    shown = stripe("customer.subscription.updated", subscription(), at=3)

    assert profile(linked(), begun, ahead)["billing_sync_status"] == "stale"
    for then in (of_another, caught_up, shown):
        assert profile(linked(), begun, ahead, then)["billing_sync_status"] == "synced"


def test_sync_is_synced_once_an_event_shows_the_customer() -> None:
    ahead = own(user_events.DriftObserved(object_ids=(CUSTOMER,)), at=2)

    assert profile(linked(), ahead)["billing_sync_status"] == "stale"
    assert profile(linked(), ahead, linked(at=3))["billing_sync_status"] == "synced"


def test_unknown_price_is_an_error_and_free() -> None:
    row = row_for(items={"data": [item(price("price_mystery"))]})

    assert (row["current_plan"], row["billing_sync_status"]) == ("free", "error")


def test_unknown_price_of_an_ended_subscription_is_no_error() -> None:
    row = row_for("canceled", items={"data": [item(price("price_mystery"))]})

    assert row["billing_sync_status"] == "synced"


def test_grant_outranks_stripe_until_it_is_revoked() -> None:
    paying = [linked(), stripe("customer.subscription.created", subscription(), at=1)]
    granted = own(user_events.EntitlementGranted(plan_key="fame_flex"), at=2)
    revoked = own(user_events.EntitlementRevoked(), at=3)

    assert profile(*paying, granted)["current_plan"] == "fame_flex"
    assert profile(*paying, granted, revoked)["current_plan"] == "glow_up"


def test_updated_at_is_that_of_the_last_event_that_changed_the_row() -> None:
    events = [
        linked(),
        stripe("customer.subscription.created", subscription(), at=1),
        stripe("customer.subscription.updated", subscription(description="same to us"), at=2),
        stripe("customer.updated", customer(description="same to us"), at=3),
    ]
    rows = tables_of(events)[USER]

    assert rows["user_subscriptions"]["updated_at"] == instant(1)
    assert rows["user_system_data"]["updated_at"] == instant(3)
    assert rows["users"]["updated_at"] == instant(0)


def test_clerks_own_billing_is_not_stripes() -> None:
    billing = {"id": "csub_1", "status": "active", "payer": {"user_id": USER}}
    row = profile(
        clerk("user.created", user()),
        clerk("subscription.active", billing, at=1),
        clerk("subscriptionItem.active", billing, at=2),
        clerk("paymentAttempt.updated", billing | {"status": "paid"}, at=3),
    )

    assert (row["subscription_status"], row["billing_sync_status"]) == ("none", "pending")
    assert (row["current_plan"], row["trial_status"]) == ("free", "pending")
    assert row["last_webhook_event"] == "clerk.paymentAttempt.updated"
