"""How Clerk's events are filed: keys, routes, times; and that no JSON can break the reading."""

import json
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given

from events.envelope import NewEvent
from events.routing import digest_key
from tests.webhooks.envelopes import assert_storable
from tests.webhooks.json_strategies import json_objects, overwritten
from tests.webhooks.signing import NOW
from webhooks.clerk.envelope import clerk_event
from webhooks.verification import Secret, Verified

VERIFIED = Verified(Secret(0, "f" * 12, b"key"), NOW, "v1,AA=", "msg_1")
MILLIS = 1_716_883_500_123
AT = datetime(2024, 5, 28, 8, 5, 0, 123000, tzinfo=UTC)

USER: dict[str, Any] = {
    "type": "user.updated",
    "object": "event",
    "instance_id": "ins_1",
    "timestamp": 1_716_883_999_000,
    "data": {"id": "user_1", "object": "user", "updated_at": MILLIS, "created_at": 1000},
}


def read(event: dict[str, Any]) -> NewEvent:
    return clerk_event(event, json.dumps(event), VERIFIED)


def of(kind: str, **subject: Any) -> NewEvent:
    return read({"type": kind, "object": "event", "timestamp": 1_716_883_500, "data": subject})


def test_a_user_is_filed_under_its_id_at_its_own_update_time() -> None:
    event = read(USER)

    assert event.event_type == "clerk.user.updated"
    assert (event.source_system, event.idempotency_key) == ("clerk", "msg_1")
    assert event.route_key == "user_1"
    assert (event.aggregate_type, event.aggregate_id) == ("user", "user_1")
    assert event.occurred_at == AT
    assert event.livemode is True
    assert event.metadata["instance_id"] == "ins_1"
    assert event.metadata["message_id"] == "msg_1"


@pytest.mark.parametrize(
    ("kind", "subject"),
    [
        ("user.deleted", {"id": "user_1", "deleted": True}),
        ("session.created", {"id": "sess_1", "user_id": "user_1"}),
        ("email.created", {"id": "ema_1", "user_id": "user_1"}),
        ("sms.created", {"id": "sms_1", "user_id": "user_1"}),
        (
            "organizationMembership.created",
            {
                "id": "orgmem_1",
                "organization": {"id": "org_1"},
                "public_user_data": {"user_id": "user_1"},
            },
        ),
        ("organizationInvitation.accepted", {"user_id": "user_1", "organization_id": "org_1"}),
        ("subscription.active", {"id": "csub_1", "payer": {"user_id": "user_1"}}),
        ("paymentAttempt.updated", {"id": "pa_1", "payer": {"user_id": "user_1"}}),
        ("somethingNew.happened", {"id": "new_1", "user_id": "user_1"}),
    ],
)
def test_what_concerns_a_user_is_routed_to_the_user(kind: str, subject: dict[str, Any]) -> None:
    event = of(kind, **subject)

    assert event.route_key == "user_1"
    assert event.aggregate_type == "user"


@pytest.mark.parametrize(
    ("kind", "subject"),
    [
        ("organization.updated", {"id": "org_1"}),
        ("organizationDomain.created", {"id": "orgdmn_1", "organization_id": "org_1"}),
        ("organizationMembership.deleted", {"organization": {"id": "org_1"}}),
        ("subscription.active", {"payer": {"organization_id": "org_1", "user_id": ""}}),
    ],
)
def test_what_concerns_an_organisation_is_routed_to_it(kind: str, subject: dict[str, Any]) -> None:
    event = of(kind, **subject)

    assert event.route_key == "org_1"
    assert event.aggregate_type == "organization"


@pytest.mark.parametrize(
    ("kind", "subject"),
    [
        ("role.created", {"id": "role_1"}),
        ("permission.deleted", {"id": "perm_1", "deleted": True}),
        ("waitlistEntry.created", {"id": "wle_1"}),
        ("user.deleted", {"deleted": True}),
        ("user.created", {"id": 7, "user_id": "user_of_nobody"}),
    ],
)
def test_what_concerns_nobody_known_is_filed_by_message(kind: str, subject: dict[str, Any]) -> None:
    event = of(kind, **subject)

    assert (event.route_key, event.aggregate_type) == ("msg_1", "clerk_event")


def test_clerks_subscription_keeps_its_own_name() -> None:
    assert of("subscription.updated").event_type == "clerk.subscription.updated"


@pytest.mark.parametrize("timestamp", [1_716_883_500, 1_716_883_500_000])
def test_the_events_timestamp_is_read_in_both_units(timestamp: int) -> None:
    event = read(USER | {"type": "user.deleted", "timestamp": timestamp})

    assert event.occurred_at == datetime(2024, 5, 28, 8, 5, tzinfo=UTC)


@pytest.mark.parametrize("absurd", [None, True, -1, 1.5, 10**400, "1716883500", []])
def test_a_user_with_an_absurd_update_time_has_the_events(absurd: object) -> None:
    event = read(USER | {"data": {"id": "user_1", "updated_at": absurd}})

    assert event.occurred_at == datetime(2024, 5, 28, 8, 13, 19, tzinfo=UTC)


def test_without_a_timestamp_the_subjects_times_count() -> None:
    session = {"type": "session.ended", "data": {"updated_at": MILLIS, "created_at": 1000}}
    created = {"type": "sms.created", "data": {"created_at": MILLIS}}

    assert read(session).occurred_at == AT
    assert read(created).occurred_at == AT


def test_the_attempts_time_is_the_last_resort() -> None:
    assert read({"type": "role.deleted"}).occurred_at == NOW


def test_an_id_no_index_can_hold_becomes_its_digest() -> None:
    assert of("user.created", id="user_\x00").route_key == digest_key(b"user_\x00")


@given(json_objects())
def test_any_json_object_has_an_envelope(event: dict[str, Any]) -> None:
    assert_storable(clerk_event(event, "{}", VERIFIED))


@given(overwritten(USER))
def test_any_damage_to_a_real_event_leaves_an_envelope(event: dict[str, Any]) -> None:
    assert_storable(clerk_event(event, "{}", VERIFIED))


@given(overwritten(USER))
def test_a_retry_is_filed_like_the_first_attempt(event: dict[str, Any]) -> None:
    retry = Verified(Secret(1, "0" * 12, b"k"), datetime(2030, 1, 1, tzinfo=UTC), "v1,B", "msg_1")
    first, second = clerk_event(event, "{}", VERIFIED), clerk_event(event, "{}", retry)

    assert replace(first, metadata={}, occurred_at=NOW) == replace(second, metadata={}, occurred_at=NOW)
