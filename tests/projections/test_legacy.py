"""legacy.imported: used where no other event sets a value, in any order of events."""

from itertools import permutations
from typing import Any

import pytest

from events.domain import user as user_events
from events.envelope import NewEvent
from projections.rows import as_json
from tests.projections.event_builders import (
    CUSTOMER,
    DAY,
    USER,
    card,
    clerk,
    customer,
    instant,
    linked,
    own,
    stripe,
    subscription,
    user,
)
from tests.projections.model import profile, tables_of

KNOWN: dict[str, Any] = {  # Any: as the event has it
    "email": "old@example.com",
    "full_name": "Old Name",
    "business_name": "Old Business",
    "onboarding_step": "step-2",
    "current_plan": "glow_up",
    "subscription_status": "active",
    "stripe_customer_id": CUSTOMER,
    "stripe_subscription_id": "sub_old",
    "payment_method_id": "pm_old",
    "card_last4": "1111",
    "billing_address_city": "Oldtown",
    "usage_creators_current_month": 40,
    "signup_timestamp": instant(-300 * DAY),
    "last_webhook_event": "invoice.paid",
    "last_webhook_timestamp": instant(-DAY),
}


def imported(*, at: float = 0, **fields: Any) -> NewEvent:  # Any: as the event has it
    return own(user_events.LegacyImported(**fields), at=at, key=f"legacy:{USER}")


def test_history_begins_with_what_was_known() -> None:
    row = profile(imported(**KNOWN))

    assert {name: row[name] for name in KNOWN} == KNOWN
    assert row["plan_creators_limit"] == 1000
    assert row["billing_sync_status"] == "pending"


@pytest.mark.parametrize("at", [-DAY, DAY])
def test_what_a_provider_said_stands_before_and_after(at: float) -> None:
    events = [
        clerk("user.created", user(), at=at),
        linked(at=at),
        stripe("customer.subscription.created", subscription("past_due"), at=at + 1),
        stripe("payment_method.attached", card(), at=at + 2),
    ]
    row = profile(*events, imported(**KNOWN))

    assert (row["email"], row["full_name"]) == ("ada@example.com", "Ada Lee")
    assert (row["subscription_status"], row["stripe_subscription_id"]) == ("past_due", "sub_ada")
    assert row["card_last4"] == "4242"
    assert row["business_name"] == "Old Business"  # nobody said anything else


@pytest.mark.parametrize("at", [-DAY, DAY])
def test_a_word_taken_back_stays_taken_back(at: float) -> None:
    row = profile(imported(**KNOWN), own(user_events.ProfileUpdated(business_name=None), at=at))

    assert row["business_name"] is None


@pytest.mark.parametrize("at", [-DAY, DAY])
def test_a_detached_card_does_not_bring_the_old_one_back(at: float) -> None:
    gone = stripe("payment_method.detached", card(customer=None), at=at, was={"customer": CUSTOMER})
    row = profile(linked(at=-2 * DAY), imported(**KNOWN), gone)

    assert (row["payment_method_id"], row["card_last4"]) == (None, None)


def test_old_admins_stay_until_an_operator_says_otherwise() -> None:
    events = [imported(is_admin=True), clerk("user.updated", user(), at=DAY)]

    assert profile(*events)["is_admin"] is True
    assert profile(*events, own(user_events.AdminRevoked(), at=2 * DAY))["is_admin"] is False


def test_a_running_trial_goes_on_and_expires() -> None:
    ends = instant(5 * DAY)
    begun = imported(trial_status="active", trial_end_date=ends, intended_plan="glow_up")
    over = own(user_events.TrialExpired(ends_at=ends), at=5 * DAY)

    assert profile(begun)["current_plan"] == "glow_up"
    ended = profile(begun, over)
    assert (ended["current_plan"], ended["trial_status"]) == ("free", "expired")


def test_a_trial_without_an_end_never_begins() -> None:
    assert profile(imported(trial_status="active"))["trial_status"] == "pending"


@pytest.mark.parametrize(("status", "creators"), [("active", 1000), ("unpaid", 0), ("canceled", 0)])
def test_the_old_plan_serves_only_who_paid(status: str, creators: int) -> None:
    row = profile(imported(current_plan="glow_up", subscription_status=status))

    assert row["plan_creators_limit"] == creators


def test_the_old_link_finds_the_customers_events_and_yields_to_any_other() -> None:
    late = stripe("customer.subscription.created", subscription("trialing"), at=DAY)
    theirs = [imported(**KNOWN), late]
    other = stripe("customer.updated", customer(metadata={"userId": "user_eve"}), at=-9 * DAY)

    assert profile(*theirs)["subscription_status"] == "trialing"
    assert tables_of([*theirs, other])["user_eve"]["user_subscriptions"]["subscription_status"] == "trialing"


def test_two_users_may_claim_one_old_customer() -> None:
    both = [
        own(user_events.LegacyImported(stripe_customer_id=CUSTOMER), user=name, at=at)
        for name, at in (("user_a", 0), ("user_b", 1))
    ]
    rows = tables_of(both)

    customers = {name: row["user_billing"]["stripe_customer_id"] for name, row in rows.items()}
    assert customers == {"user_a": None, "user_b": CUSTOMER}


def test_any_order_of_arrival_gives_the_same_bytes() -> None:
    events = [
        imported(**KNOWN, trial_status="active", trial_end_date=instant(9 * DAY)),
        clerk("user.updated", user(), at=1),
        linked(at=-DAY),
        stripe("customer.subscription.created", subscription("trialing"), at=2),
        own(user_events.UsageRecorded(metric="creators", quantity=3), at=-2),
        own(user_events.ProfileUpdated(business_name=None), at=3),
    ]
    expected = as_json(tables_of([*events]))

    assert all(as_json(tables_of([*order])) == expected for order in permutations(events))
