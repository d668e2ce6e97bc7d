"""Plans are published as files say: only what differs, and nothing is retired unasked."""

from datetime import timedelta

import pytest

from database.pool import Connection
from demo.prices import DEFAULT_PRICES
from events.append import append
from events.clock import EPOCH
from handlers.errors import BadPlanFile
from handlers.plan_files import default_plans, read_plans
from handlers.plans import changes, missing, publish_default_plans, publish_plans, read_catalog
from projections.projector import Projector
from queries.plans import list_plans
from tests.handlers.users import NOW, joined, project, row, tell
from tests.projections.event_builders import published, stripe, subscription

BASE = """
[plans.free]
plan_name = "Free"
campaigns_limit = 1
creators_limit = 5
[plans.pro]
plan_name = "Pro"
campaigns_limit = -1
creators_limit = 100
price_monthly = 4900
stripe_price_id_monthly = "price_pro"
features = { enrichments_limit = 10 }
"""


def publish(
    conn: Connection, text: str, *, later: timedelta = timedelta(0), retire: bool = False
) -> list[str]:
    announced = publish_plans(
        conn, read_plans(text, where="plans.toml"), now=NOW + later, actor="test", retire_missing=retire
    )
    conn.commit()
    return [f"{change.kind} {change.plan_key}" for change in announced]


def test_a_file_is_published_and_the_catalog_shows_it_at_once(conn: Connection) -> None:
    assert publish(conn, BASE) == ["new free", "new pro"]
    assert [(plan["plan_key"], plan["creators_limit"]) for plan in list_plans(conn)] == [
        ("free", 5),
        ("pro", 100),
    ]


def test_the_same_file_again_says_nothing(conn: Connection) -> None:
    publish(conn, BASE)

    assert publish(conn, BASE, later=timedelta(days=1)) == []


def test_only_what_changed_is_published(conn: Connection) -> None:
    publish(conn, BASE)
    plans = read_plans(BASE.replace("4900", "5900"), where="plans.toml")

    (change,) = changes(read_catalog(conn), plans)

    assert (change.kind, change.plan_key, change.fields) == (
        "changed",
        "pro",
        {"price_monthly": (4900, 5900)},
    )


def test_a_change_there_and_back_is_published_both_times(conn: Connection) -> None:
    other = BASE.replace("4900", "5900")

    announced = [
        publish(conn, text, later=timedelta(days=at)) for at, text in enumerate((BASE, other, BASE, other))
    ]

    assert announced == [["new free", "new pro"], ["changed pro"], ["changed pro"], ["changed pro"]]
    assert [plan["price_monthly"] for plan in list_plans(conn)] == [0, 5900]


def test_a_clock_that_steps_back_still_publishes_last(conn: Connection) -> None:
    publish(conn, BASE)
    publish(conn, BASE.replace("4900", "5900"), later=timedelta(days=-1))

    assert list_plans(conn)[1]["price_monthly"] == 5900


def test_a_plan_left_out_is_kept_unless_asked_otherwise(conn: Connection) -> None:
    publish(conn, BASE)
    free = BASE[: BASE.index("[plans.pro]")]

    kept = publish(conn, free)
    assert missing(read_catalog(conn), read_plans(free, where="f")) == ["pro"]
    retired = publish(conn, free, retire=True)
    again = publish(conn, free, retire=True)

    assert (kept, retired, again) == ([], ["retired pro"], [])
    assert [plan["is_active"] for plan in list_plans(conn)] == [True, False]


def test_a_retired_plan_comes_back(conn: Connection) -> None:
    publish(conn, BASE)
    publish(conn, BASE[: BASE.index("[plans.pro]")], retire=True)

    assert publish(conn, BASE, later=timedelta(days=1)) == ["changed pro"]
    assert [plan["is_active"] for plan in list_plans(conn)] == [True, True]


def test_users_have_the_new_limits_soon(conn: Connection) -> None:
    publish(conn, BASE)
    tell(conn, *joined("user_ada"))
    publish(conn, BASE.replace("creators_limit = 5", "creators_limit = 7"), later=timedelta(days=1))

    Projector().refresh(conn, limit=100)

    assert row(conn, "user_ada")["plan_creators_limit"] == 7


def test_the_default_plans_are_published_once_and_for_every_past_instant(conn: Connection) -> None:
    first = publish_default_plans(conn)
    conn.commit()
    again = publish_default_plans(conn)
    conn.commit()

    assert [change.plan_key for change in first] == ["free", "glow_up", "viral_surge", "fame_flex"]
    assert again == []
    at = conn.execute("SELECT DISTINCT occurred_at FROM events WHERE event_type = 'plan.published'")
    assert at.fetchall() == [(EPOCH,)]


def test_a_shop_with_plans_of_its_own_gets_no_others(conn: Connection) -> None:
    publish(conn, BASE)

    assert publish_default_plans(conn) == []


def test_a_shop_that_retired_its_plans_gets_none_back(conn: Connection) -> None:
    publish_default_plans(conn)
    publish(conn, BASE, retire=True)

    assert publish_default_plans(conn) == []


def test_plans_not_projected_yet_are_seen(conn: Connection) -> None:
    append(conn, published("free"))
    conn.commit()

    assert publish_default_plans(conn) == []


def test_the_default_plans_are_those_of_the_demo_shop(conn: Connection) -> None:
    prices = {
        price: (plan.plan_key, amount)
        for plan in default_plans()
        for price, amount in (
            (plan.stripe_price_id_monthly, plan.price_monthly),
            (plan.stripe_price_id_yearly, plan.price_yearly),
        )
        if price is not None
    }

    assert prices == {price.id: (price.plan_key, price.amount_minor) for price in DEFAULT_PRICES}


def test_a_price_of_a_default_plan_means_that_plan(conn: Connection) -> None:
    publish_default_plans(conn)
    conn.commit()
    payload = subscription(
        "active", price={"id": "price_viral_surge_yearly"}, metadata={"userId": "user_ada"}
    )
    tell(conn, stripe("customer.subscription.created", payload))
    project(conn)

    assert row(conn, "user_ada")["current_plan"] == "viral_surge"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("not toml at all [", "plans.toml: invalid TOML"),
        ("", "plans.toml: expected at least one table"),
        ("[plan.x]\nplan_name = 'X'", "plans.toml: plan: unknown"),
        ("plans = 3", "plans.toml: expected at least one table"),
        ("[plans]\nfree = 3", "plans.toml: plans.free: expected a table"),
        (BASE.replace("campaigns_limit = 1\n", ""), "plans.toml: plans.free: campaigns_limit: Field"),
        (BASE.replace("= -1", "= -2"), "plans.toml: plans.pro: campaigns_limit: "),
        (BASE.replace("= -1", "= 2147483648"), "plans.toml: plans.pro: campaigns_limit: "),
        (BASE.replace("= 5\n", '= "5"\n'), "plans.toml: plans.free: creators_limit: "),
        (BASE.replace("= 5\n", "= true\n"), "plans.toml: plans.free: creators_limit: "),
        (BASE.replace("= 4900", "= 49.00"), "plans.toml: plans.pro: price_monthly: "),
        (BASE.replace("= 4900", "= -1"), "plans.toml: plans.pro: price_monthly: "),
        (BASE.replace("price_monthly", "pricemonthly"), "plans.toml: plans.pro: pricemonthly: unknown"),
        (BASE.replace("= 10 }", "= -2 }"), "plans.toml: plans.pro: features.enrichments_limit: "),
        (BASE.replace("= 10 }", "= '10' }"), "plans.toml: plans.pro: features.enrichments_limit: "),
        (BASE.replace("= 10 }", "= 10, since = 2026-01-01 }"), "plans.toml: plans.pro: features: "),
        (BASE.replace("= 10 }", "= 10, much = inf }"), "plans.toml: plans.pro: features: "),
        (BASE + "[plans.max]\nplan_name = 'M'\ncampaigns_limit = 1\ncreators_limit = 1\n"
         "stripe_price_id_yearly = 'price_pro'", "plans.toml: plans.max: stripe_price_id_yearly: "),
    ],
)  # fmt: skip
def test_a_slip_of_the_pen_names_file_plan_and_key(text: str, message: str) -> None:
    with pytest.raises(BadPlanFile) as refused:
        read_plans(text, where="plans.toml")

    assert str(refused.value).startswith(message)
