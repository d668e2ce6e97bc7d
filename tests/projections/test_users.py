"""users: every rule of its table."""

from typing import Any
from uuid import UUID

import pytest

from events.domain import user as user_events
from events.identifiers import derived_id
from tests.projections.event_builders import (
    DAY,
    USER,
    clerk,
    customer,
    facts_of,
    instant,
    linked,
    own,
    stripe,
    subscription,
    user,
)
from tests.projections.model import profile, tables_of


@pytest.mark.parametrize("others", [0, 1])
def test_a_reverted_deletion_never_was_and_others_stand(others: int) -> None:
    gone = [clerk("user.deleted", {"id": USER, "deleted": True}, at=10 + n) for n in range(1 + others)]
    events = [clerk("user.created", user(), at=1), *gone]
    first = UUID(facts_of([gone[0]])[0].id)
    reverted = own(user_events.DeletionReverted(event_ids=(first,)), at=30)

    row = profile(*events, reverted)

    assert (row["deleted_at"] is None, row["email"] is None) == (not others, bool(others))


def test_row_exists_from_the_first_mention_by_stripe() -> None:
    assert profile(linked(at=7))["created_at"] == instant(7)


def test_row_exists_from_the_first_mention_by_us() -> None:
    assert profile(own(user_events.OnboardingStarted(), at=7))["created_at"] == instant(7)


def test_row_exists_from_the_first_mention_by_clerk() -> None:
    assert profile(clerk("user.updated", user(), at=7))["created_at"] == instant(7)


def test_ids_are_derived_from_the_clerk_id() -> None:
    rows = tables_of([clerk("user.created", user())])[USER]

    assert rows["users"]["id"] == str(derived_id("users", USER))
    assert {row["user_id"] for name, row in rows.items() if name != "users"} == {rows["users"]["id"]}
    assert len({row["id"] for row in rows.values()}) == 5


def test_created_at_is_the_first_events_time_and_updated_at_that_of_the_last_change() -> None:
    events = [
        clerk("user.created", user(), at=10),
        clerk("user.updated", user(first_name="Grace"), at=20),
        clerk("user.updated", user(first_name="Grace"), at=30),
    ]
    row = tables_of(events)[USER]["users"]

    assert (row["created_at"], row["updated_at"]) == (instant(10), instant(20))


def test_email_is_the_primary_one_and_never_simply_the_first() -> None:
    emails = [
        {"id": "idn_old", "email_address": "old@example.com"},
        {"id": "idn_new", "email_address": "new@example.com"},
    ]
    payload = user(email_addresses=emails, primary_email_address_id="idn_new")

    assert profile(clerk("user.created", payload))["email"] == "new@example.com"


@pytest.mark.parametrize("primary", [None, "idn_gone"])
def test_without_a_primary_address_there_is_no_email(primary: str | None) -> None:
    payload = user(primary_email_address_id=primary)

    assert profile(clerk("user.created", payload))["email"] is None


@pytest.mark.parametrize(
    ("first", "last", "joined"),
    [
        ("Ada", "Lee", "Ada Lee"),
        ("  Ada ", None, "Ada"),
        (None, "Lee", "Lee"),
        ("", " ", None),
        (None, None, None),
    ],
)
def test_full_name_is_first_and_last_trimmed(first: str | None, last: str | None, joined: str | None) -> None:
    event = clerk("user.created", user(first_name=first, last_name=last))

    assert profile(event)["full_name"] == joined


def test_updated_before_created_arrives_is_ordered_by_updated_at() -> None:
    newer = clerk("user.updated", user(first_name="Grace"), at=20)
    older = clerk("user.created", user(), at=10)

    assert profile(newer, older)["full_name"] == "Grace Lee"


def test_milliseconds_order_clerks_updates() -> None:
    first = clerk("user.updated", user(first_name="Zoë"), at=10.001)
    second = clerk("user.updated", user(first_name="Ada"), at=10.002)

    assert profile(second, first)["full_name"] == "Ada Lee"


@pytest.mark.parametrize("key", ["is_admin", "isAdmin"])
def test_public_metadata_makes_an_admin(key: str) -> None:
    assert profile(clerk("user.created", user(public_metadata={key: True})))["is_admin"] is True


@pytest.mark.parametrize(
    "fields",
    [
        {"unsafe_metadata": {"is_admin": True}},
        {"private_metadata": {"is_admin": True}},
        {"public_metadata": {"is_admin": "true"}},
        {"public_metadata": {"is_admin": 1}},
        {"public_metadata": None},
    ],
)
def test_nothing_else_makes_an_admin(fields: dict[str, Any]) -> None:
    assert profile(clerk("user.created", user(**fields)))["is_admin"] is False


def test_admin_is_granted_and_revoked_by_us() -> None:
    granted = own(user_events.AdminGranted(), at=1)
    revoked = own(user_events.AdminRevoked(), at=2)

    assert profile(granted)["is_admin"] is True
    assert profile(granted, revoked)["is_admin"] is False
    assert profile(own(user_events.AdminGranted(), at=3), granted, revoked)["is_admin"] is True


def test_our_revocation_outranks_clerks_word() -> None:
    boss = clerk("user.updated", user(public_metadata={"is_admin": True}), at=2)

    assert profile(own(user_events.AdminRevoked(), at=1), boss)["is_admin"] is False


def test_admin_taken_back_in_clerk() -> None:
    events = [
        clerk("user.created", user(public_metadata={"isAdmin": True}), at=1),
        clerk("user.updated", user(), at=2),
    ]

    assert profile(*events)["is_admin"] is False


def test_onboarding_steps_go_forward_only() -> None:
    first = own(user_events.OnboardingStepCompleted(step="step-1", business_name="Ada's"), at=1)
    second = own(user_events.OnboardingStepCompleted(step="step-2", industry="tea"), at=2)
    again = own(user_events.OnboardingStepCompleted(step="step-1", business_name="Lee's"), at=3)
    done = own(user_events.OnboardingCompleted(), at=4)

    assert profile(own(user_events.OnboardingStarted()))["onboarding_step"] == "pending"
    assert profile(first)["onboarding_step"] == "step-1"
    assert profile(first, second, again)["onboarding_step"] == "step-2"
    assert profile(first, second, again)["business_name"] == "Lee's"
    assert profile(first, done, own(user_events.OnboardingStepCompleted(step="step-2"), at=5))[
        "onboarding_step"
    ] == ("completed")


def test_profile_fields_left_out_stay_and_null_clears() -> None:
    events = [
        own(user_events.ProfileUpdated(business_name="Ada's", industry="tea"), at=1),
        own(user_events.ProfileUpdated(brand_description="Good tea", industry=None), at=2),
    ]
    row = profile(*events)

    assert (row["business_name"], row["brand_description"], row["industry"]) == ("Ada's", "Good tea", None)


def test_deletion_absorbs_name_and_email_and_keeps_the_bill() -> None:
    events = [
        clerk("user.created", user(), at=1),
        linked(at=2),
        stripe("customer.subscription.created", subscription(), at=3),
        clerk("user.deleted", {"id": USER, "object": "user", "deleted": True}, at=4),
        clerk("user.updated", user(first_name="Late"), at=5),
    ]
    row = profile(*events)

    assert (row["email"], row["full_name"], row["deleted_at"]) == (None, None, instant(4))
    assert (row["subscription_status"], row["stripe_customer_id"]) == ("active", "cus_ada")


def test_deleted_comes_last_within_its_millisecond() -> None:
    gone = clerk("user.deleted", {"id": USER, "deleted": True}, at=1, key="msg_a")
    born = clerk("user.created", user(), at=1, key="msg_b")
    row = profile(gone, born)

    assert (row["email"], row["deleted_at"]) == (None, instant(1))


def test_first_deletion_dates_it() -> None:
    gone = {"id": USER, "deleted": True}

    assert profile(clerk("user.deleted", gone, at=9), clerk("user.deleted", gone, at=4))[
        "deleted_at"
    ] == instant(4)


def test_deletion_without_an_id_touches_nobody() -> None:
    events = [clerk("user.created", user()), clerk("user.deleted", {"object": "user", "deleted": True}, at=1)]

    assert profile(*events)["deleted_at"] is None
    assert set(tables_of(events)) == {USER}


def test_erased_payloads_leave_the_bones() -> None:
    events = [
        clerk("user.created", user(), at=1),
        own(user_events.ProfileUpdated(business_name="Ada's"), at=2),
    ]
    row = profile(*events, own(user_events.PrivacyErased(), at=DAY))

    assert (row["email"], row["full_name"], row["business_name"]) == (None, None, None)
    assert row["deleted_at"] == instant(DAY)


def test_organisations_are_no_users() -> None:
    assert tables_of([clerk("organization.created", {"id": "org_1", "name": "Tea"})]) == {}


def test_email_too_long_for_its_index_quarantines_its_user_only() -> None:
    row = profile(clerk("user.created", user(email="a" * 3000 + "@example.com")))

    assert (row["email"], row["billing_sync_status"]) == (None, "error")


def test_customer_metadata_in_any_of_three_spellings_mentions_a_user() -> None:
    for spelling in ("userId", "user_id", "clerk_user_id"):
        payload = customer(metadata={spelling: USER})

        assert USER in tables_of([stripe("customer.created", payload)])
