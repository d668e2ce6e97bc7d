"""Histories of customers that change hands: told with the links of their time, never with today's."""

from typing import Any

import psycopg
import pytest

from events.domain.user import IdentityLinked
from events.statements import AnyConnection
from projections import snapshots
from queries.entitlements import entitlements
from queries.events import EventFilter, search
from queries.explain import explain
from queries.history import history
from queries.person import person_file
from queries.timetravel import profile_at
from tests.projections.event_builders import (
    CUSTOMER,
    DAY,
    clerk,
    customer,
    instant,
    own,
    published,
    session,
    stripe,
    subscription,
    user,
)
from tests.projections.live import tell
from tests.projections.replaying import project

GIVER, HEIR = "user_giver", "user_heir"
MOVED = 20 * DAY


@pytest.fixture
def conn(conninfo: str) -> AnyConnection:
    """The giver buys and is deleted; the heir signs up, and the customer is theirs from MOVED on."""
    named, heirs = {"userId": GIVER}, {"userId": HEIR}
    tell(
        conninfo,
        published("free"),
        published("glow_up", monthly="price_glow_up_monthly"),
        clerk("user.created", user(GIVER), at=0),
        stripe("customer.created", customer(metadata=named), at=1),
        stripe("customer.subscription.created", subscription(metadata=named), at=2, key="evt_bought"),
        clerk("user.deleted", {"id": GIVER, "deleted": True}, at=9 * DAY),
        clerk("user.created", user(HEIR), at=MOVED - 60),
        stripe(
            "customer.updated", customer(metadata=heirs), at=MOVED, was={"metadata": named}, key="evt_moved"
        ),
        stripe(
            "customer.subscription.updated",
            subscription("past_due", metadata=named),
            at=30 * DAY,
            was={"status": "active"},
            key="evt_failed",
        ),
    )
    project(conninfo)
    return psycopg.connect(conninfo, autocommit=True)


def values(
    conn: AnyConnection, user_id: str, column: str, **clocks: Any
) -> list[Any]:  # Any: columns' values
    steps = history(conn, user_id, **clocks) or []
    return [change["new"] for step in steps for change in step["changes"] if change["column"] == column]


def test_the_givers_history_has_what_was_theirs_and_ends_with_the_move(conn: AnyConnection) -> None:
    assert values(conn, GIVER, "subscription_status") == ["none", "active", "none"]
    steps = history(conn, GIVER) or []
    assert steps[-1]["idempotency_key"] == "evt_moved"


def test_the_heirs_history_begins_when_they_did(conn: AnyConnection) -> None:
    steps = history(conn, HEIR) or []

    assert steps[0]["occurred_at"] == instant(MOVED - 60)
    assert values(conn, HEIR, "subscription_status") == ["none", "active", "past_due"]


@pytest.mark.parametrize(
    ("at", "giver", "heir"),
    [(5 * DAY, "active", None), (25 * DAY, "none", "active"), (40 * DAY, "none", "past_due")],
)
def test_every_answer_of_an_instant_agrees(
    conn: AnyConnection, at: int, giver: str, heir: str | None
) -> None:
    then = instant(at)
    for name, status in ((GIVER, giver), (HEIR, heir)):
        shown = profile_at(conn, name, as_of=then) or {}
        assert shown.get("subscription_status") == status
        assert (values(conn, name, "subscription_status", as_of=then) or [None])[-1] == status
        allowed = entitlements(conn, name, now=instant(50 * DAY), as_of=then)
        assert (allowed and allowed["why"]["subscription_status"]) == status
        why = explain(conn, name, "subscription_status", as_of=then)
        assert (why and why["value"]) == status


def test_a_value_a_customer_brought_is_explained_by_the_event_behind_it(conn: AnyConnection) -> None:
    why = explain(conn, HEIR, "subscription_status", as_of=instant(25 * DAY))
    whose = explain(conn, HEIR, "stripe_customer_id", as_of=instant(25 * DAY))

    assert why is not None
    assert whose is not None
    assert why["event_type"] == "stripe.customer.subscription.created"
    assert whose["event_type"] == "stripe.customer.updated"


def test_what_was_known_before_the_move_was_recorded_knows_no_heir(conn: AnyConnection) -> None:
    row = conn.execute("SELECT max(recorded_at) FROM events WHERE idempotency_key = 'evt_bought'").fetchone()
    assert row is not None
    shown = profile_at(conn, GIVER, known_at=row[0])
    assert shown is not None
    assert shown["subscription_status"] == "active"


def test_searches_and_exports_have_the_events_of_each_ones_time(conn: AnyConnection) -> None:
    keys = {
        name: {row["idempotency_key"] for row in search(conn, EventFilter(user_id=name), limit=50).items}
        for name in (GIVER, HEIR)
    }
    assert "evt_bought" in keys[GIVER] - keys[HEIR]
    assert {"evt_moved", "evt_failed"} <= keys[HEIR] - keys[GIVER]

    with conn.transaction():
        exported = person_file(conn, GIVER)
    assert "evt_failed" not in {row["idempotency_key"] for row in exported.events}
    assert exported.history[-1]["idempotency_key"] == "evt_moved"


def test_an_operators_link_is_in_both_histories(conninfo: str) -> None:
    tell(
        conninfo,
        published("free"),
        clerk("user.created", user(HEIR), at=0),
        stripe("checkout.session.completed", session(client_reference_id=GIVER), at=1),
        own(IdentityLinked(customer_id=CUSTOMER), user=HEIR, at=5),
    )
    project(conninfo)
    with psycopg.connect(conninfo, autocommit=True) as conn:
        for name, ends in ((GIVER, [CUSTOMER, None]), (HEIR, [CUSTOMER])):
            assert values(conn, name, "stripe_customer_id") == ends
            assert (history(conn, name) or [])[-1]["event_type"] == "identity.linked"


def test_deletion_recorded_later_gave_nothing_to_the_heir_as_known_before(
    conninfo: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(snapshots, "EVERY", 1)
    events = [clerk("user.created", user(name), at=0) for name in (GIVER, HEIR)]
    events += [stripe("customer.created", customer(metadata={"userId": GIVER}), at=1)]
    events += [stripe("checkout.session.completed", session(client_reference_id=HEIR), at=2)]
    events += [stripe("customer.updated", customer(metadata={"userId": GIVER}), at=at) for at in (7, 8, 9)]
    tell(conninfo, *events)
    project(conninfo)
    with psycopg.connect(conninfo) as conn:
        (known_at,) = conn.execute("SELECT max(recorded_at) FROM events").fetchone() or (None,)
    tell(conninfo, clerk("user.deleted", {"id": GIVER, "deleted": True}, at=5))
    project(conninfo)

    with psycopg.connect(conninfo) as conn:
        now, then = profile_at(conn, HEIR), profile_at(conn, HEIR, known_at=known_at)
    assert now is not None
    assert then is not None
    assert (now["stripe_customer_id"], then["stripe_customer_id"]) == (CUSTOMER, None)
