"""The little Clerk says what the real one would."""

from datetime import UTC, datetime

import pytest

from demo.clerk_world import ClerkWorld
from demo.clock import WorldClock


@pytest.fixture
def clerk() -> ClerkWorld:
    return ClerkWorld(WorldClock(datetime(2026, 1, 1, tzinfo=UTC)))


def test_primary_address_is_named_by_id_and_need_not_be_first(clerk: ClerkWorld) -> None:
    user_id = clerk.sign_up(email="first@example.com")
    clerk.add_email(user_id, "other@example.com", primary=False, front=True)
    user = clerk.deliveries[-1].event["data"]

    assert user["email_addresses"][0]["email_address"] == "other@example.com"
    assert user["email_addresses"][1]["id"] == user["primary_email_address_id"]


def test_every_update_has_a_later_time(clerk: ClerkWorld) -> None:
    user_id = clerk.sign_up(email="first@example.com")
    clerk.rename(user_id, first_name="Ada", last_name=None)
    clerk.set_public(user_id, {"is_admin": True})
    times = [delivery.event["data"]["updated_at"] for delivery in clerk.deliveries]

    assert times == sorted(set(times))


def test_deletion_has_no_time_of_its_own_and_maybe_no_id(clerk: ClerkWorld) -> None:
    clerk.delete(clerk.sign_up(email="a@example.com"))
    clerk.delete(clerk.sign_up(email="b@example.com"), nameless=True)
    named, nameless = clerk.deliveries[1].event["data"], clerk.deliveries[3].event["data"]

    assert named.keys() == {"object", "id", "deleted"}
    assert nameless.keys() == {"object", "deleted"}


def test_clerks_own_billing_is_not_called_what_stripes_is(clerk: ClerkWorld) -> None:
    clerk.bill(clerk.sign_up(email="a@example.com"))

    assert [delivery.event_type for delivery in clerk.deliveries[1:]] == [
        "subscription.active",
        "subscriptionItem.active",
        "paymentAttempt.updated",
    ]
