"""Why a user stands as they do: odd users, and one with nothing odd."""

from datetime import UTC, datetime
from typing import Any

import pytest

from events.clock import from_micros
from events.domain.user import DriftObserved, EntitlementGranted
from events.envelope import NewEvent
from events.statements import AnyConnection
from handlers.privacy import erase_person, plan_erasure
from queries.explain import explain
from queries.instants import minute
from queries.timetravel import profile_at
from queries.why import why
from tests.handlers.users import sold, tell
from tests.projections.event_builders import (
    DAY,
    START,
    USER,
    clerk,
    customer,
    glow_up,
    instant,
    item,
    own,
    price,
    stripe,
    subscription,
    user,
)

CREATED, UPDATED = "customer.subscription.created", "customer.subscription.updated"
STRANGER = {"email": "ADA@example.com", "metadata": {}}

Json = dict[str, Any]  # Any: JSON values


@pytest.fixture
def ago() -> float:
    """A second ago, as the builders count time: nothing told then arrives late."""
    return datetime.now(UTC).timestamp() - START - 1


def answer(conn: AnyConnection) -> Json:
    document = why(conn, USER, now=datetime.now(UTC))
    assert document is not None
    return document


def subscribed(ago: float, status: str = "active", **fields: Any) -> list[NewEvent]:
    return [clerk("user.created", user(email="ada@example.com"), at=ago), *paying(ago, status, **fields)]


def paying(
    ago: float, status: str = "active", days: int = 30, bought: Json | None = None, **fields: Any
) -> list[NewEvent]:
    """Stripe's events alone; the period ends so many days after `ago`."""
    items = {"data": [item(bought or glow_up(), ends=int(ago) + days * DAY)]}
    return [
        stripe("customer.created", customer(), at=ago),
        stripe(CREATED, subscription(status, **{"items": items} | fields), at=ago),
    ]


def odd_user(kind: str, ago: float) -> list[NewEvent]:
    """The events of a user who is odd in that way alone."""
    return {
        "unpaid": lambda: subscribed(ago, "past_due"),
        "unlinked": lambda: [
            *subscribed(ago, "canceled"),
            stripe("customer.created", customer("cus_other", **STRANGER), at=ago),
        ],
        "unknown_price": lambda: subscribed(ago, bought=price("price_new")),
        "quarantined": lambda: [*subscribed(ago), stripe(UPDATED, subscription(status=7), at=ago)],  # type: ignore[arg-type]
        "stale": lambda: [*subscribed(ago), own(DriftObserved(object_ids=("sub_ada",)), at=ago + 0.1)],
        "overdue": lambda: subscribed(ago, days=-3),
        "unmentioned": lambda: paying(ago),
        "unknown_status": lambda: subscribed(ago, "wibble"),
        "granted": lambda: [*subscribed(ago), own(EntitlementGranted(plan_key="free"), at=ago)],
    }[kind]()


@pytest.mark.parametrize(
    ("kind", "plan", "next_step"),
    [
        ("unpaid", "glow_up", "look at sub_ada in Stripe"),
        ("unlinked", "free", f"if it is them: tenure link add {USER} cus_other"),
        (
            "unknown_price",
            "free",
            "put price_new into a plan's stripe_price_id_… and run tenure plans publish",
        ),
        ("quarantined", "glow_up", "tenure quarantine list"),
        ("stale", "glow_up", "tenure reconcile stripe --dry-run"),
        ("overdue", "glow_up", "tenure reconcile stripe"),
        ("unmentioned", "glow_up", f"tenure events list --user {USER}"),
        ("unknown_status", "free", "look at sub_ada in Stripe"),
        ("granted", "free", f"tenure plan revoke {USER}"),
    ],
)
def test_an_odd_user_is_told_apart_with_the_next_step(
    conn: AnyConnection, ago: float, kind: str, plan: str, next_step: str
) -> None:
    tell(conn, *sold(), *odd_user(kind, ago))

    document = answer(conn)

    assert [oddity["kind"] for oddity in document["odd"]] == [kind]
    assert document["plan"] == plan
    assert next_step in document["next"]
    assert document["odd"][0]["text"] in document["why"]


def test_a_sound_user_has_a_paragraph_and_nothing_odd(conn: AnyConnection, ago: float) -> None:
    tell(conn, *sold(), *subscribed(ago))

    document = answer(conn)

    assert document["odd"] == []
    assert document["why"].startswith(
        f"{USER} is on the glow_up plan, because the catalog maps price price_glow_up_monthly of their "
        "subscription to it."
    )
    assert "Subscription sub_ada of customer cus_ada is active." in document["why"]


@pytest.mark.parametrize(("days", "kinds"), [(-1, []), (-3, ["overdue"])])
def test_a_period_is_overdue_two_days_after_its_end(
    conn: AnyConnection, ago: float, days: int, kinds: list[str]
) -> None:
    tell(conn, *sold(), *subscribed(ago, days=days))

    assert [oddity["kind"] for oddity in answer(conn)["odd"]] == kinds


def test_a_cancellation_that_has_not_arrived_is_overdue(conn: AnyConnection, ago: float) -> None:
    tell(conn, *sold(), *subscribed(ago, days=-3, cancel_at_period_end=True))

    assert "no cancellation has arrived" in answer(conn)["why"]


def test_a_subscription_without_a_price_is_fixed_in_its_metadata(conn: AnyConnection, ago: float) -> None:
    tell(conn, *sold(), *subscribed(ago, items={"data": []}))

    document, note = answer(conn), explain(conn, USER, "current_plan")

    assert "because a subscription without a price names no plan." in document["why"]
    assert "sub_ada has no price" in document["odd"][0]["text"]
    assert document["next"] == "name the plan in the subscription's metadata (plan_key) at Stripe"
    assert note is not None
    assert note["note"].endswith(document["next"])


def test_the_field_that_cannot_be_read_is_named(conn: AnyConnection, ago: float) -> None:
    tell(conn, *sold(), *odd_user("quarantined", ago))

    assert "can't be read: $.status: Expected `str`, got `int`" in answer(conn)["odd"][0]["text"]


def test_a_deleted_user_is_deleted_first(conn: AnyConnection, ago: float) -> None:
    tell(conn, *sold(), *subscribed(ago), clerk("user.deleted", {"id": USER, "deleted": True}, at=ago))

    document = answer(conn)

    deleted = minute(instant(ago))
    assert document["why"].startswith(f"{USER} was deleted at {deleted}. {USER} is on the glow_up plan")
    assert "Subscription sub_ada of the deleted user is still active" in document["why"]


@pytest.mark.parametrize(
    ("others", "sentence"),
    [
        ([], "Their trial is running (it ends "),
        (["active"], "Their trial of subscription sub_trial is running (it ends "),
    ],
)
def test_the_trial_of_another_subscription_is_named(
    conn: AnyConnection, ago: float, others: list[str], sentence: str
) -> None:
    ends = START + int(ago) + 5 * DAY
    trial = {"id": "sub_trial", "trial_start": START + int(ago), "trial_end": ends}
    tell(conn, *sold(), *(event for status in others for event in paying(ago, status)))
    tell(conn, *subscribed(ago, "trialing", **trial))

    assert f"{sentence}{minute(from_micros(ends * 1_000_000))})." in answer(conn)["why"]


def recorded_days_ago(conn: AnyConnection, days: int) -> None:
    """Move the recording of everything so far back."""
    conn.execute("ALTER TABLE events DISABLE TRIGGER ALL")
    conn.execute("UPDATE events SET recorded_at = recorded_at - make_interval(days => %s)", [days])
    conn.execute("ALTER TABLE events ENABLE TRIGGER ALL")
    conn.commit()


def canceled(at: float) -> NewEvent:
    return stripe("customer.subscription.deleted", subscription("canceled"), at=at)


def test_a_late_end_names_what_was_shown_meanwhile(conn: AnyConnection, ago: float) -> None:
    tell(conn, *sold(), *subscribed(ago - 2 * DAY))
    recorded_days_ago(conn, 2)
    tell(conn, canceled(ago - DAY))

    document = answer(conn)

    assert [oddity["kind"] for oddity in document["odd"]] == ["late"]
    assert "for 24 h the tables showed plan glow_up and status active" in document["why"]
    known_at = datetime.fromisoformat(document["next"].rpartition(" ")[2])
    before = profile_at(conn, USER, as_of=None, known_at=known_at)
    assert before is not None
    assert before["subscription_status"] == "active"


def test_a_late_event_that_changed_no_plan_or_status_is_not_odd(conn: AnyConnection, ago: float) -> None:
    tell(conn, *sold(), *subscribed(ago - 2 * DAY))
    recorded_days_ago(conn, 2)
    tell(conn, *paying(ago - DAY))

    assert answer(conn)["odd"] == []


def test_a_log_that_begins_with_old_events_is_not_late(conn: AnyConnection, ago: float) -> None:
    tell(conn, *sold(), *subscribed(ago - 2 * DAY), canceled(ago - DAY))

    assert answer(conn)["odd"] == []


def test_an_event_that_was_late_long_ago_is_not_odd(conn: AnyConnection, ago: float) -> None:
    tell(conn, *sold(), *subscribed(ago - 12 * DAY))
    recorded_days_ago(conn, 4)
    tell(conn, canceled(ago - 9 * DAY))
    recorded_days_ago(conn, 8)

    assert answer(conn)["odd"] == []


def test_an_erased_user_is_explained_by_the_erasure(conn: AnyConnection, ago: float) -> None:
    tell(conn, *sold(), *subscribed(ago - DAY))
    conn.commit()
    erase_person(
        conn,
        plan_erasure(conn, USER),
        now=datetime.now(UTC),
        actor="cli:op",
        reason="ticket 1",
    )
    tell(conn)

    document = answer(conn)

    assert [oddity["kind"] for oddity in document["odd"]] == ["erased"]
    assert document["plan"] == "free"


def test_nobody_is_not_explained(conn: AnyConnection) -> None:
    assert why(conn, "user_nobody", now=datetime.now(UTC)) is None


def test_an_explanation_of_free_names_the_price_that_no_plan_has(conn: AnyConnection, ago: float) -> None:
    tell(conn, *sold(), *odd_user("unknown_price", ago))

    priced, other = (explain(conn, USER, column) for column in ("current_plan", "email"))

    assert priced is not None
    assert other is not None
    assert priced["note"].startswith("the price price_new names no plan: put price_new into a plan's")
    assert other["note"] is None


@pytest.mark.parametrize("status", ["paused", "unpaid"])
def test_free_limits_name_the_plan_that_is_not_in_force(conn: AnyConnection, ago: float, status: str) -> None:
    tell(conn, *sold(), *subscribed(ago, status))

    text = answer(conn)["why"]

    assert f"because the limits of free apply while their subscription to glow_up is {status}." in text
    assert text.count(f" is {status}.") == 2  # the reason and the subscription's sentence, no third time
