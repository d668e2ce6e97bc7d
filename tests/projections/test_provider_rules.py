"""What Stripe's objects mean for a user: one history for each rule, true in every order of arrival.

Each row: the rule, the events in causal order, and the columns they must end in.
"""

from collections.abc import Mapping
from itertools import islice, permutations
from pathlib import Path
from random import Random
from typing import Any

import pytest

from events.domain import user as ours
from events.envelope import NewEvent
from projections.replay import compare
from tests.laws import projected
from tests.laws.stored_folds import with_random_ids
from tests.projections.event_builders import (
    CUSTOMER,
    DAY,
    START,
    card,
    customer,
    instant,
    invoice,
    item,
    linked,
    own,
    price,
    session,
    stripe,
    subscription,
)
from tests.projections.model import DEFAULT_PLANS, profile, tables_of
from tests.projections.replaying import options, project, tell

Json = dict[str, Any]
Columns = Mapping[str, object]

WEEK = 7 * DAY
MONTH = 30 * DAY
GLOW = item(price("price_glow_up_monthly"))
SURGE = item(price("price_viral_surge_monthly"))
METERED = item(price("price_events") | {"recurring": {"usage_type": "metered"}})
CONVERTED: dict[str, object] = {"trial_status": "converted"}


def created(status: str = "active", *, at: float = 1, **fields: Any) -> NewEvent:
    return stripe("customer.subscription.created", subscription(status, **fields), at=at)


def updated(status: str, *, at: float, was: Json | None = None, **fields: Any) -> NewEvent:
    return stripe("customer.subscription.updated", subscription(status, **fields), at=at, was=was)


def trial(status: str, *, at: float, ends: int = WEEK, **fields: Any) -> NewEvent:
    return updated(status, at=at, trial_start=START, trial_end=START + ends, **fields)


def paid(amount: int = 9900, *, at: float, **fields: Any) -> NewEvent:
    return stripe("invoice.paid", invoice(amount, **fields), at=at)


def items(*entries: Json) -> Json:
    return {"data": list(entries)}


def offered(price_id: str = "price_glow_up_monthly", *, ends: int | None = WEEK) -> Json:
    """An item on a trial offer, or past it."""
    offer = {"start_date": START, "end_date": START + (ends or 0), "trial_offer": "to_1"}
    return item(price(price_id)) | {"current_trial": offer if ends else None}


BANK_ACCOUNT = {"id": "ba_1", "object": "bank_account"}


def of_subscription(name: str) -> Json:
    return {"parent": {"subscription_details": {"subscription": name}}}


def legacy_card(brand: str) -> Json:
    return {"id": "card_1", "object": "card", "customer": CUSTOMER, "brand": brand, "last4": "0005"}


def bought(kind: str, plan: str, *, at: float) -> NewEvent:
    payload = session(id=f"cs_{plan}", metadata={"planId": plan})
    return stripe(f"checkout.session.{kind}", payload, at=at)


RULES: list[tuple[str, list[NewEvent], Columns]] = [
    (
        "plan is that of the first item whose price is known",
        [
            linked(),
            created(items=items(METERED, GLOW, SURGE)),
        ],
        {"current_plan": "glow_up", "billing_sync_status": "synced"},
    ),
    (
        "subscription metadata counts after every item's price",
        [
            linked(),
            created(items=items(METERED, SURGE), metadata={"planId": "glow_up"}),
        ],
        {"current_plan": "viral_surge"},
    ),
    (
        "no known price among the items is an error",
        [linked(), created(items=items(METERED, item(price("price_x"))))],
        {"current_plan": "free", "billing_sync_status": "error"},
    ),
    (
        "a price keeps what its lookup key meant",
        [
            linked(),
            created(price=price("price_old", lookup_key="glow_up")),
            updated("active", at=MONTH, price=price("price_old")),
        ],
        {"current_plan": "glow_up", "billing_sync_status": "synced"},
    ),
    (
        "a price whose lookup key becomes another plan's keeps its own",
        [
            linked(),
            created(price=price("price_old", lookup_key="glow_up")),
            updated("active", at=MONTH, price=price("price_old", lookup_key="viral_surge")),
        ],
        {"current_plan": "glow_up"},
    ),
    (
        "a price that meant nothing known takes its first known key",
        [
            linked(),
            created(price=price("price_old", lookup_key="summer_sale")),
            updated("active", at=MONTH, price=price("price_old", lookup_key="viral_surge")),
        ],
        {"current_plan": "viral_surge"},
    ),
    (
        "another subscription at that price has what the key means now",
        [
            linked(),
            created(price=price("price_old", lookup_key="glow_up")),
            updated("canceled", at=2, price=price("price_old", lookup_key="glow_up")),
            created(id="sub_b", at=MONTH, price=price("price_old", lookup_key="viral_surge")),
        ],
        {"current_plan": "viral_surge"},
    ),
    (
        "a purchase outside the subscription converts no trial",
        [linked(), trial("trialing", at=1), paid(500, at=DAY, parent=None, billing_reason="manual")],
        {"trial_status": "active", "trial_conversion_date": None},
    ),
    (
        "another subscription's invoice converts no trial",
        [
            linked(),
            trial("trialing", at=1),
            paid(at=DAY, **of_subscription("sub_b")),
        ],
        {"trial_status": "active", "trial_conversion_date": None},
    ),
    (
        "a set-up fee converts no trial",
        [linked(), trial("trialing", at=1), paid(4900, at=1, billing_reason="subscription_create")],
        {"trial_status": "active", "trial_conversion_date": None},
    ),
    (
        "the subscription's own invoice converts, in the old shape too",
        [linked(), trial("trialing", at=1), paid(at=WEEK + 9, parent=None, subscription={"id": "sub_ada"})],
        CONVERTED | {"trial_conversion_date": instant(WEEK + 9)},
    ),
    *(
        (
            f"a conversion without a payment is taken back by {status}",
            [linked(), trial("trialing", at=1), trial("active", at=WEEK), trial(status, at=WEEK + 3600)],
            {"trial_status": then, "trial_conversion_date": None},
        )
        for status, then in (("past_due", "active"), ("unpaid", "expired"), ("canceled", "expired"))
    ),
    (
        "a set-up fee confirms no conversion",
        [
            linked(),
            trial("trialing", at=1),
            paid(4900, at=1, billing_reason="subscription_create"),
            trial("active", at=WEEK),
            trial("canceled", at=WEEK + 3600),
        ],
        {"trial_status": "expired", "trial_conversion_date": None},
    ),
    (
        "a conversion that was paid for stays",
        [
            linked(),
            trial("trialing", at=1),
            trial("active", at=WEEK),
            paid(at=WEEK + 3600),
            trial("past_due", at=WEEK + MONTH),
        ],
        CONVERTED | {"trial_conversion_date": instant(WEEK)},
    ),
    (
        "a conversion taken back is made by the payment that comes later",
        [
            linked(),
            trial("trialing", at=1),
            trial("active", at=WEEK),
            trial("past_due", at=WEEK + 3600),
            paid(at=WEEK + DAY),
        ],
        CONVERTED | {"trial_conversion_date": instant(WEEK + DAY)},
    ),
    (
        "our expiry recorded before a late conversion counts once that is taken back",
        [
            linked(),
            trial("trialing", at=1),
            trial("active", at=WEEK),
            own(ours.TrialExpired(ends_at=instant(WEEK)), at=WEEK + 3700),
            trial("past_due", at=WEEK + 4000),
        ],
        {"trial_status": "expired", "trial_conversion_date": None},
    ),
    (
        "a purchase that ends our own trial was paid by its first invoice",
        [
            own(ours.TrialStarted(starts_at=instant(0), ends_at=instant(WEEK)), at=0),
            linked(),
            created("incomplete", at=DAY),
            paid(at=DAY + 2, billing_reason="subscription_create"),
            updated("active", at=DAY + 3),
            updated("past_due", at=DAY + MONTH),
        ],
        CONVERTED | {"trial_conversion_date": instant(DAY + 3)},
    ),
    (
        "trial dates cleared before it ran leave it pending",
        [linked(), trial("incomplete", at=1), updated("active", at=2)],
        {
            "trial_status": "pending",
            "trial_start_date": None,
            "trial_end_date": None,
            "trial_conversion_date": None,
        },
    ),
    (
        "trial dates cleared while past due leave it pending",
        [linked(), trial("past_due", at=1), updated("past_due", at=2)],
        {"trial_status": "pending", "trial_end_date": None},
    ),
    (
        "a paused subscription has no renewal",
        [linked(), created(), updated("paused", at=2)],
        {"subscription_status": "paused", "subscription_renewal_date": None, "current_plan": "glow_up"},
    ),
    *(
        (
            f"a Checkout session that {kind} is no intention",
            [
                linked(),
                bought("completed", "glow_up", at=1),
                bought(kind, "fame_flex", at=2),
            ],
            {"intended_plan": "glow_up"},
        )
        for kind in ("expired", "async_payment_failed")
    ),
    (
        "a payment that succeeds later is an intention",
        [linked(), bought("async_payment_succeeded", "fame_flex", at=2)],
        {"intended_plan": "fame_flex"},
    ),
    (
        "a bank account is no card",
        [
            linked(),
            stripe("customer.source.created", legacy_card("B") | BANK_ACCOUNT, at=1),
        ],
        {"payment_method_id": "ba_1", "card_last4": None, "card_brand": None},
    ),
    (
        "a payment method of another type is no card",
        [linked(), stripe("payment_method.attached", card("pm_1", type="us_bank_account"), at=1)],
        {"payment_method_id": "pm_1", "card_last4": None, "card_brand": None},
    ),
    *(
        (
            f"a card has one brand, be it written {brand}",
            [linked(), stripe("customer.source.created", legacy_card(brand), at=1)],
            {"card_brand": spelling},
        )
        for brand, spelling in (
            ("American Express", "amex"),
            ("Diners Club", "diners"),
            ("UnionPay", "unionpay"),
            ("MasterCard", "mastercard"),
            ("Visa", "visa"),
        )
    ),
    (
        "the living customer goes before the deleted one of the current subscription",
        [
            linked(),
            created(default_payment_method="pm_1"),
            stripe("payment_method.attached", card("pm_1", last4="1111"), at=2),
            stripe("customer.deleted", customer(), at=3),
            stripe("customer.created", customer("cus_new"), at=4),
            stripe("payment_method.attached", card("pm_2", last4="2222", customer="cus_new"), at=5),
        ],
        {"stripe_customer_id": "cus_new", "card_last4": "2222", "stripe_subscription_id": "sub_ada"},
    ),
    (
        "a deleted customer shows when there is no other",
        [linked(), created(), stripe("customer.deleted", customer(), at=3)],
        {"stripe_customer_id": CUSTOMER},
    ),
    (
        "a trial offer runs while the status is active, and its own price converts nothing",
        [
            linked(),
            created(items=items(offered())),
            paid(100, at=2, billing_reason="subscription_create"),
            paid(100, at=3, billing_reason="subscription_cycle"),
        ],
        {
            "trial_status": "active",
            "trial_start_date": instant(0),
            "trial_end_date": instant(WEEK),
            "trial_conversion_date": None,
            "subscription_status": "active",
            "current_plan": "glow_up",
        },
    ),
    (
        "a trial offer that ends converts and keeps its dates",
        [
            linked(),
            created(items=items(offered())),
            updated("active", at=WEEK + 1, items=items(offered(ends=None))),
            paid(at=WEEK + 3600),
        ],
        CONVERTED | {"trial_end_date": instant(WEEK), "trial_conversion_date": instant(WEEK + 1)},
    ),
    (
        "a trial offer that is lost expires",
        [linked(), created(items=items(offered())), updated("canceled", at=DAY, items=items(offered()))],
        {"trial_status": "expired", "trial_conversion_date": None},
    ),
    (
        "a trial offer on an add-on is no trial of the plan",
        [linked(), created(items=items(GLOW, offered("price_addon")))],
        {"trial_status": "pending", "trial_end_date": None, "current_plan": "glow_up"},
    ),
]


HISTORIES: list[tuple[str, list[NewEvent], Columns]] = [
    (
        "an upgrade that ends the trial converts, though the warning shows the trial",
        [
            linked(),
            trial("trialing", at=1),
            stripe(
                "customer.subscription.trial_will_end",
                subscription("trialing", trial_start=START, trial_end=START + DAY),
                at=DAY,
            ),
            stripe(
                "customer.subscription.updated",
                subscription("active", trial_start=START, trial_end=START + DAY, items=items(SURGE)),
                was={"status": "trialing", "trial_end": START + WEEK, "items": items(GLOW)},
                at=DAY,
            ),
            paid(19900, at=DAY, billing_reason="subscription_update"),
            trial("past_due", ends=DAY, at=DAY + MONTH, items=items(SURGE)),
        ],
        CONVERTED | {"current_plan": "viral_surge", "trial_end_date": instant(DAY)},
    ),
    (
        "a second subscription beside a trial outlives it",
        [
            linked(),
            trial("trialing", at=1),
            created(id="sub_b", at=DAY, created=START + DAY, items=items(SURGE)),
            paid(at=DAY, billing_reason="subscription_create", **of_subscription("sub_b")),
            trial("canceled", at=WEEK, ended_at=START + WEEK),
            updated("past_due", id="sub_b", at=MONTH, created=START + DAY, items=items(SURGE)),
        ],
        CONVERTED | {"subscription_status": "past_due", "trial_conversion_date": instant(DAY)},
    ),
    (
        "a paused collection is no paused subscription",
        [linked(), created(), updated("active", at=2, pause_collection={"behavior": "void"})],
        {"subscription_status": "active", "subscription_renewal_date": instant(MONTH)},
    ),
    (
        "a cancellation at a date after the period renews until then",
        [linked(), created(), updated("active", at=2, cancel_at=START + 365 * DAY)],
        {"subscription_cancel_date": instant(365 * DAY), "subscription_renewal_date": instant(MONTH)},
    ),
    (
        "a method that is no card takes the card's place",
        [
            linked(),
            stripe("payment_method.attached", card("pm_1"), at=1),
            created(at=1, default_payment_method="pm_1"),
            stripe("payment_method.attached", card("pm_2", type="link", card=None), at=2),
            updated("active", at=2, default_payment_method="pm_2", was={"default_payment_method": "pm_1"}),
        ],
        {"payment_method_id": "pm_2", "card_last4": None, "card_brand": None},
    ),
    (
        "a created event that is sent twice changes nothing later",
        [linked(), created(), updated("unpaid", at=2, was={"status": "active"}), created()],
        {"subscription_status": "unpaid"},
    ),
]
RULES += HISTORIES
NAMES = [rule[0] for rule in RULES]


@pytest.mark.parametrize(("events", "expected"), [rule[1:] for rule in RULES], ids=NAMES)
def test_provider_rule(events: list[NewEvent], expected: Columns) -> None:
    row = profile(*events)

    assert {column: row[column] for column in expected} == expected


@pytest.mark.parametrize("events", [rule[1] for rule in RULES], ids=NAMES)
def test_provider_rule_holds_in_every_order(events: list[NewEvent]) -> None:
    shuffled = list(islice(permutations(events), 120))
    Random(0).shuffle(shuffled)
    rows = [tables_of(order) for order in shuffled[:40]]

    assert all(row == rows[0] for row in rows)


def test_provider_rules_hold_through_log_projector_and_replay(conninfo: str, tmp_path: Path) -> None:
    """Every history at once, each of a user of its own, in random order, in batches, with duplicates."""
    arrived = [event for number, rule in enumerate(RULES) for event in with_random_ids(rule[1], number)]
    Random(7).shuffle(arrived)
    tell(conninfo, list(DEFAULT_PLANS))
    for start in range(0, len(arrived), 40):
        tell(conninfo, arrived[max(start - 10, 0) : start + 40])
        project(conninfo)
    expected = tables_of(arrived)

    with projected.session(conninfo) as conn:
        assert projected.tables_in(conn, expected) == expected
    assert compare(conninfo, options=options(tmp_path)).differences == []
