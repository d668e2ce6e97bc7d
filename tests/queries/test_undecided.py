"""Values that hang on an order nobody knows are marked, over the log and the projector."""

from typing import Any

import pytest
from psycopg import Connection

from events.envelope import NewEvent
from projections import fold
from projections.facts import Fact
from projections.state import State
from queries import undecided, walk
from queries.explain import explain
from tests.projections.event_builders import (
    USER,
    card,
    customer,
    linked,
    stripe,
    subscription,
    two_snapshots_of_one_second,
)
from tests.projections.model import DEFAULT_PLANS
from tests.projections.replaying import project, tell

UPDATED = "customer.subscription.updated"


def status(now: str, *, at: float, key: str, was: str | None = None) -> NewEvent:
    return stripe(UPDATED, subscription(now), at=at, key=key, was=None if was is None else {"status": was})


def attached(name: str, *, key: str) -> NewEvent:
    return stripe("payment_method.attached", card(f"pm_{name}", last4=name), at=5, key=key)


SNAPSHOTS = two_snapshots_of_one_second()
TWIN_OR_NOT = [
    linked(),
    status("active", at=1, key="evt_0"),
    status("past_due", at=5, key="evt_a", was="active"),
    status("past_due", at=5, key="evt_b", was="active"),
    status("active", at=5, key="evt_c", was="past_due"),
]
CHAIN = [linked(), status("active", at=1, key="evt_0"), status("past_due", at=5, key="evt_a", was="active")]
CARDS = [linked(), attached("1111", key="evt_a"), attached("2222", key="evt_b")]
CHOSEN = stripe("customer.updated", customer(invoice_settings={"default_payment_method": "pm_1111"}), at=6)


@pytest.mark.parametrize(
    ("events", "column", "value", "other"),
    [
        (SNAPSHOTS, "subscription_status", "active", "past_due"),
        ([*SNAPSHOTS, status("active", at=9, key="evt_c")], "subscription_status", "active", None),
        (TWIN_OR_NOT, "subscription_status", "past_due", "active"),
        (CHAIN, "subscription_status", "past_due", None),
        (SNAPSHOTS, "current_plan", "glow_up", None),
        (SNAPSHOTS, "last_webhook_event", "stripe.customer.subscription.updated", None),
        (CARDS, "card_last4", "2222", "1111"),
        ([*CARDS, CHOSEN], "card_last4", "1111", None),
    ],
)
def test_value_is_undecided_where_another_order_gives_another(
    conninfo: str, conn: Connection[Any], events: list[NewEvent], column: str, value: str, other: str | None
) -> None:
    tell(conninfo, [*DEFAULT_PLANS, *events])
    project(conninfo)

    explanation = explain(conn, USER, column)

    assert explanation is not None
    assert (explanation["value"], explanation["undecided"]) == (value, other is not None)
    assert other is None or other in explanation["undecided_reason"]


def test_later_events_are_folded_until_the_orders_agree(
    conninfo: str, conn: Connection[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A long history after an instant of two orders, which the event after it makes the same."""
    later = [stripe("customer.updated", customer(), at=10 + number) for number in range(300)]
    tell(conninfo, [*DEFAULT_PLANS, *SNAPSHOTS, status("active", at=9, key="evt_c"), *later])
    project(conninfo)
    counted = [0]

    def counting(state: State, fact: Fact) -> None:
        counted[0] += 1
        fold_one(state, fact)

    fold_one = fold.fold_one
    monkeypatch.setattr(fold, "fold_one", counting)
    monkeypatch.setattr(undecided, "fold_one", counting)
    monkeypatch.setattr(walk, "fold_one", counting)
    explain(conn, USER, "signup_timestamp")
    without = counted[0]
    explanation = explain(conn, USER, "subscription_status")

    assert explanation is not None
    assert not explanation["undecided"]
    assert counted[0] - 2 * without < 100
