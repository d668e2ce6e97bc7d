"""Trials, Stripe's and our own: pending, active, converted, expired."""

from itertools import permutations
from typing import Any

import pytest

from events.domain import user as user_events
from events.envelope import NewEvent
from tests.projections.event_builders import (
    DAY,
    START,
    instant,
    invoice,
    linked,
    own,
    stripe,
    subscription,
)
from tests.projections.model import Columns, profile

WEEK = 7 * DAY


def snapshot(status: str, *, at: float, ends: int = WEEK, sub: str = "sub_ada", **fields: Any) -> NewEvent:
    """A snapshot of a subscription with a trial from START on."""
    payload = subscription(status, id=sub, trial_start=START, trial_end=START + ends, **fields)
    return stripe("customer.subscription.updated", payload, at=at)


def started(*, at: float = 0, ends: int = WEEK, plan: str | None = "viral_surge") -> NewEvent:
    fact = user_events.TrialStarted(starts_at=instant(at), ends_at=instant(ends), plan_key=plan)
    return own(fact, at=at)


def expired(*, at: float, ends: int = WEEK) -> NewEvent:
    return own(user_events.TrialExpired(ends_at=instant(ends)), at=at)


def trial(row: Columns) -> tuple[object, object, object, object]:
    return (
        row["trial_status"],
        row["trial_start_date"],
        row["trial_end_date"],
        row["trial_conversion_date"],
    )


def test_pending_before_any_trial() -> None:
    untried = profile(linked(), stripe("customer.subscription.created", subscription(), at=1))

    assert trial(untried) == ("pending", None, None, None)


def test_trialing_is_active_with_the_subscriptions_dates() -> None:
    assert trial(profile(linked(), snapshot("trialing", at=1))) == (
        "active",
        instant(0),
        instant(WEEK),
        None,
    )


def test_first_active_snapshot_converts() -> None:
    row = profile(
        linked(),
        snapshot("trialing", at=1),
        snapshot("active", at=WEEK + 5),
        snapshot("active", at=WEEK + 9),
    )

    assert trial(row) == ("converted", instant(0), instant(WEEK), instant(WEEK + 5))


@pytest.mark.parametrize("kind", ["invoice.paid", "invoice.payment_succeeded"])
def test_paid_invoice_converts(kind: str) -> None:
    row = profile(linked(), snapshot("trialing", at=1), stripe(kind, invoice(9900), at=WEEK + 2))

    assert (row["trial_status"], row["trial_conversion_date"]) == ("converted", instant(WEEK + 2))


def test_earliest_sign_dates_the_conversion_whatever_came_first() -> None:
    events = [
        linked(),
        snapshot("trialing", at=1),
        stripe("invoice.paid", invoice(9900), at=WEEK + 2),
        snapshot("active", at=WEEK + 5),
    ]

    assert {profile(*order)["trial_conversion_date"] for order in permutations(events)} == {instant(WEEK + 2)}


@pytest.mark.parametrize("kind", ["invoice.paid", "invoice.payment_succeeded"])
def test_trials_own_invoice_over_nothing_converts_nobody(kind: str) -> None:
    row = profile(linked(), snapshot("trialing", at=1), stripe(kind, invoice(0), at=1))

    assert row["trial_status"] == "active"


def test_payment_before_the_trial_converts_nobody() -> None:
    row = profile(linked(), stripe("invoice.paid", invoice(500), at=1), snapshot("trialing", at=2))

    assert row["trial_status"] == "active"


@pytest.mark.parametrize("status", ["canceled", "incomplete_expired", "paused", "unpaid"])
def test_lost_without_conversion_is_expired(status: str) -> None:
    row = profile(linked(), snapshot("trialing", at=1), snapshot(status, at=WEEK))

    assert row["trial_status"] == "expired"


def test_past_due_after_the_trial_is_not_yet_expired() -> None:
    row = profile(linked(), snapshot("trialing", at=1), snapshot("past_due", at=WEEK))

    assert row["trial_status"] == "active"


def test_expired_converts_when_they_pay_later() -> None:
    lost = [linked(), snapshot("trialing", at=1), snapshot("paused", at=WEEK)]
    row = profile(*lost, snapshot("active", at=2 * WEEK))
    paid = profile(*lost, stripe("invoice.paid", invoice(100), at=2 * WEEK))

    assert (row["trial_status"], row["trial_conversion_date"]) == ("converted", instant(2 * WEEK))
    assert paid["trial_status"] == "converted"


@pytest.mark.parametrize("status", ["canceled", "unpaid", "past_due", "trialing"])
def test_converted_absorbs(status: str) -> None:
    row = profile(
        linked(),
        snapshot("trialing", at=1),
        snapshot("active", at=WEEK),
        stripe("invoice.paid", invoice(9900), at=WEEK + 3600),
        snapshot(status, at=2 * WEEK),
        started(at=3 * WEEK, ends=4 * WEEK),
        expired(at=5 * WEEK, ends=4 * WEEK),
    )

    assert (row["trial_status"], row["trial_conversion_date"]) == ("converted", instant(WEEK))


def test_snapshot_an_ended_subscription_absorbs_does_not_convert() -> None:
    row = profile(linked(), snapshot("trialing", at=1), snapshot("canceled", at=2), snapshot("active", at=3))

    assert (row["subscription_status"], row["trial_status"]) == ("canceled", "expired")


def test_history_met_at_its_end_is_converted_at_what_was_seen() -> None:
    assert trial(profile(linked(), snapshot("active", at=3 * WEEK)))[3] == instant(3 * WEEK)


def test_scheduler_expires_stripes_trial_by_its_end() -> None:
    events = [linked(), snapshot("trialing", at=1)]

    assert profile(*events, expired(at=WEEK + 3600))["trial_status"] == "expired"
    assert profile(*events, expired(at=WEEK + 3600, ends=WEEK - 1))["trial_status"] == "active"


def test_expiry_of_an_end_that_was_moved_means_nothing() -> None:
    events = [linked(), snapshot("trialing", at=1), snapshot("trialing", at=2, ends=2 * WEEK)]

    assert trial(profile(*events, expired(at=WEEK)))[:3] == ("active", instant(0), instant(2 * WEEK))


def test_expired_begins_again_with_another_end_only() -> None:
    events = [linked(), snapshot("trialing", at=1), expired(at=WEEK)]

    assert profile(*events, snapshot("trialing", at=WEEK + 1))["trial_status"] == "expired"
    assert profile(*events, snapshot("trialing", at=WEEK + 1, ends=2 * WEEK))["trial_status"] == "active"


def test_our_own_trial_runs_and_gives_its_plan() -> None:
    row = profile(started())

    assert trial(row) == ("active", instant(0), instant(WEEK), None)
    assert (row["current_plan"], row["subscription_status"]) == ("viral_surge", "none")


def test_own_trial_without_a_plan_tries_the_intended_one() -> None:
    chosen = own(user_events.PlanSelected(plan_key="fame_flex"), at=1)

    assert profile(started(plan=None), chosen)["current_plan"] == "fame_flex"
    assert profile(started(plan=None))["current_plan"] == "free"


def test_own_trial_is_extended_and_expires() -> None:
    longer = own(user_events.TrialExtended(ends_at=instant(2 * WEEK)), at=DAY)

    assert trial(profile(started(), longer))[:3] == ("active", instant(0), instant(2 * WEEK))
    assert profile(started(), longer, expired(at=WEEK))["trial_status"] == "active"
    assert profile(started(), longer, expired(at=2 * WEEK, ends=2 * WEEK))["trial_status"] == "expired"
    assert profile(started(), expired(at=WEEK))["current_plan"] == "free"


def test_extension_revives_an_expired_trial_of_ours() -> None:
    longer = own(user_events.TrialExtended(ends_at=instant(2 * WEEK)), at=WEEK + 1)

    assert profile(started(), expired(at=WEEK), longer)["trial_status"] == "active"


def test_our_extension_does_not_move_stripes_end() -> None:
    longer = own(user_events.TrialExtended(ends_at=instant(9 * WEEK)), at=DAY)

    assert trial(profile(linked(), snapshot("trialing", at=1), longer))[2] == instant(WEEK)


def test_own_trial_converts_when_a_subscription_becomes_active() -> None:
    bought = stripe("customer.subscription.created", subscription(), at=DAY)
    row = profile(started(), linked(at=1), bought)

    assert trial(row) == ("converted", instant(0), instant(WEEK), instant(DAY))


def test_stripes_trial_takes_over_from_our_own() -> None:
    events = [started(), linked(at=1), snapshot("trialing", at=DAY, ends=2 * WEEK)]

    assert trial(profile(*events))[:3] == ("active", instant(0), instant(2 * WEEK))
    assert profile(*events, expired(at=WEEK))["trial_status"] == "active"
    assert profile(*events, expired(at=2 * WEEK, ends=2 * WEEK))["trial_status"] == "expired"
    assert profile(*events, snapshot("canceled", at=2 * DAY))["trial_status"] == "expired"


def test_own_trial_started_beside_stripes_changes_nothing() -> None:
    events = [linked(), snapshot("trialing", at=1)]

    assert trial(profile(*events, started(at=DAY, ends=3 * WEEK))) == trial(profile(*events))


def test_old_cancelled_subscription_does_not_end_our_own_trial() -> None:
    old = snapshot("canceled", at=DAY, ends=-WEEK)

    assert profile(started(), linked(at=1), old)["trial_status"] == "active"


def test_trial_follows_the_subscription_that_is_current() -> None:
    first = snapshot("trialing", at=1, sub="sub_a")
    second = snapshot("trialing", at=2, sub="sub_b", ends=2 * WEEK, created=START + 2)
    lost = snapshot("canceled", at=3, sub="sub_a")

    assert trial(profile(linked(), first, second, lost))[:3] == ("active", instant(0), instant(2 * WEEK))
    assert profile(linked(), first, second, lost, expired(at=2 * WEEK, ends=2 * WEEK))["trial_status"] == (
        "expired"
    )


def test_trial_will_end_at_once_or_three_days_before_changes_no_status() -> None:
    payload = subscription("trialing", trial_start=START, trial_end=START + WEEK)
    events = [linked(), snapshot("trialing", at=1)]
    for at in (1, 4 * DAY):
        warned = profile(*events, stripe("customer.subscription.trial_will_end", payload, at=at))

        assert trial(warned) == trial(profile(*events))
