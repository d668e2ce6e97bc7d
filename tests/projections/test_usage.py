"""user_usage: limits of the plan in force, counters, resets."""

from uuid import UUID

import pytest

from events.domain import platform
from events.domain import user as user_events
from tests.projections.event_builders import (
    DAY,
    USER,
    instant,
    linked,
    own,
    published,
    stripe,
    subscription,
)
from tests.projections.model import CATALOG, DEFAULT_PLANS, Columns, catalog_of, profile, tables_of

CAMPAIGN = UUID(int=1)
GLOW_UP = (3, 1000, {"csv": True})
FREE: tuple[object, ...] = (0, 0, {})


def limits(row: Columns) -> tuple[object, ...]:
    return row["plan_campaigns_limit"], row["plan_creators_limit"], row["plan_features"]


def used(row: Columns) -> tuple[object, ...]:
    return (
        row["usage_campaigns_current"],
        row["usage_creators_current_month"],
        row["enrichments_current_month"],
    )


@pytest.mark.parametrize(
    ("status", "allowed"),
    [
        ("trialing", GLOW_UP),
        ("active", GLOW_UP),
        ("past_due", GLOW_UP),
        ("unpaid", FREE),
        ("paused", FREE),
        ("incomplete", FREE),
        ("canceled", FREE),
        ("incomplete_expired", FREE),
    ],
)
def test_limits_are_the_plans_while_served_else_frees(status: str, allowed: tuple[object, ...]) -> None:
    row = profile(linked(), stripe("customer.subscription.created", subscription(status), at=1))

    assert limits(row) == allowed


def test_our_own_trial_serves_its_plan_beside_a_lost_subscription() -> None:
    trial = user_events.TrialStarted(starts_at=instant(2), ends_at=instant(DAY), plan_key="fame_flex")
    paused = stripe("customer.subscription.updated", subscription("paused"), at=1)
    row = profile(linked(), paused, own(trial, at=2))

    assert limits(row) == (-1, -1, {})


def test_minus_one_is_unlimited_and_kept() -> None:
    row = profile(own(user_events.EntitlementGranted(plan_key="fame_flex")))

    assert limits(row)[:2] == (-1, -1)


def test_granted_plan_gives_limits_whatever_the_status() -> None:
    events = [linked(), stripe("customer.subscription.created", subscription("unpaid"), at=1)]

    assert limits(profile(*events, own(user_events.EntitlementGranted(plan_key="glow_up"), at=2))) == GLOW_UP


def test_limits_are_those_of_the_newest_version() -> None:
    newer = published("glow_up", campaigns=7, creators=70, at=DAY, monthly="price_glow_up_monthly")
    events = [linked(), stripe("customer.subscription.created", subscription(), at=1)]
    catalog = catalog_of([*DEFAULT_PLANS, newer])
    row = tables_of(events, catalog)[USER]["user_usage"]

    assert limits(row) == (7, 70, {})
    assert row["updated_at"] == instant(DAY)


def test_without_any_catalog_nothing_is_allowed() -> None:
    assert limits(profile(linked(), catalog=catalog_of([]))) == (0, 0, {})


def test_version_that_changes_no_limit_leaves_the_rows_date() -> None:
    renamed = published("free", campaigns=0, creators=0, features={}, at=DAY, price_monthly=1)
    before = tables_of([linked()], CATALOG)[USER]["user_usage"]

    assert tables_of([linked()], catalog_of([*DEFAULT_PLANS, renamed]))[USER]["user_usage"] == before


def test_quantities_add_up_by_metric() -> None:
    events = [
        own(user_events.UsageRecorded(metric="creators", quantity=5), at=1),
        own(user_events.UsageRecorded(metric="creators", quantity=2), at=2),
        own(user_events.UsageRecorded(metric="enrichments", quantity=3), at=3),
        own(platform.JobResultsRecorded(job_id=CAMPAIGN, result_id=CAMPAIGN, count=10, digest="d"), at=4),
    ]

    assert used(profile(*events)) == (0, 17, 3)


def test_campaigns_are_created_minus_archived() -> None:
    events = [
        own(platform.CampaignCreated(campaign_id=CAMPAIGN, name="A"), at=1),
        own(platform.CampaignCreated(campaign_id=UUID(int=2), name="B"), at=2),
        own(platform.CampaignCompleted(campaign_id=CAMPAIGN), at=3),
        own(platform.CampaignArchived(campaign_id=CAMPAIGN), at=4),
    ]

    assert used(profile(*events)) == (1, 0, 0)
    assert used(profile(*events[:3])) == (2, 0, 0)


def test_reset_begins_the_month_again_and_keeps_campaigns() -> None:
    events = [
        own(platform.CampaignCreated(campaign_id=CAMPAIGN, name="A"), at=1),
        own(user_events.UsageRecorded(metric="creators", quantity=5), at=2),
        own(user_events.UsageRecorded(metric="enrichments", quantity=5), at=3),
        own(user_events.UsageReset(period_starts_at=instant(31 * DAY)), at=31 * DAY),
        own(user_events.UsageRecorded(metric="creators", quantity=1), at=32 * DAY),
    ]
    row = profile(*events)

    assert used(row) == (1, 1, 0)
    assert row["usage_reset_date"] == instant(59 * DAY)


def test_usage_told_late_counts_in_the_month_it_happened() -> None:
    reset = own(user_events.UsageReset(period_starts_at=instant(31 * DAY)), at=31 * DAY)
    late = own(user_events.UsageRecorded(metric="creators", quantity=5), at=30 * DAY)

    assert used(profile(reset, late)) == (0, 0, 0)


@pytest.mark.parametrize(("first_at", "reset_at"), [(0, 31), (30.999, 31), (31, 59), (340, 365)])
def test_reset_date_is_the_first_of_the_next_month(first_at: float, reset_at: int) -> None:
    row = profile(own(user_events.OnboardingStarted(), at=first_at * DAY))

    assert row["usage_reset_date"] == instant(reset_at * DAY)


def test_old_reset_told_late_does_not_move_the_date_back() -> None:
    february = own(user_events.UsageReset(period_starts_at=instant(31 * DAY)), at=60 * DAY)
    march = own(user_events.UsageReset(period_starts_at=instant(59 * DAY)), at=59 * DAY)

    assert profile(own(user_events.OnboardingStarted()), march, february)["usage_reset_date"] == instant(
        90 * DAY
    )
