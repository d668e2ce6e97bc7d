"""What no event tells any more is seen in the objects, named with its cause, and healed by events."""

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any

import pytest

from demo.history import make_world
from demo.objects import Customer, PaymentMethod, StripeSubscription
from demo.prices import UNKNOWN_PRICE, price_of
from demo.world import DemoWorld
from events.statements import AnyConnection
from providers.reconcile import objects
from providers.reconcile.stripe import Reconciled, reconcile_stripe
from tests.doubles.http import Asked, Double, Replied, serving
from tests.doubles.stripe import stripe_double
from tests.providers.shop import Watch, envelope, project, publish, receive, service, stripe_api, tables

pytestmark = pytest.mark.usefixtures("live_events_only")

ARRIVAL = {"created_at", "updated_at", "last_webhook_event", "last_webhook_timestamp"}
START = datetime(2026, 1, 5, 9, tzinfo=UTC)


@pytest.fixture
def world() -> DemoWorld:
    """One person with a running subscription and a card."""
    demo_world = DemoWorld(start=START, seed="objects")
    person = demo_world.join(first_name="Ada", last_name="Lee", email="ada@example.com")
    demo_world.wait(timedelta(hours=1))
    bought = demo_world.stripe.checkout(
        price_of("glow_up"),
        email=person.email,
        client_reference_id=person.user_id,
        subscription_metadata={"userId": person.user_id},
    )
    person.customers.append(bought.customer)
    person.linked(bought.customer)
    return demo_world


@pytest.fixture
def watch(world: DemoWorld) -> Watch:
    return Watch(world.clock.now)


@pytest.fixture
def double(world: DemoWorld, watch: Watch) -> Iterator[Double]:
    with serving(stripe_double(world.stripe, now=watch)) as running:
        yield running


@pytest.fixture
def shop(conninfo: str, world: DemoWorld) -> Iterator[AnyConnection]:
    """Everything so far is received and projected."""
    with service(conninfo) as opened:
        publish(opened)
        receive(opened, world.deliveries)
        project(conninfo)
        yield opened


def pass_days(world: DemoWorld, watch: Watch, days: float) -> None:
    world.wait(timedelta(days=days))
    watch.at = world.clock.now


def run(
    conn: AnyConnection, double: Double, watch: Watch, **options: Any
) -> Reconciled:  # Any: reconcile's own
    return reconcile_stripe(conn, stripe_api(double, watch), envelope=envelope, clock=watch, **options)


def row(conn: AnyConnection, table: str) -> dict[str, Any]:  # Any: one type a column
    return tables(conn)[table][0]


def subscription(world: DemoWorld) -> StripeSubscription:
    return world.stripe.log.all(StripeSubscription)[0]


def test_nothing_differs_when_all_was_received(shop: AnyConnection, double: Double, watch: Watch) -> None:
    report = run(shop, double, watch)

    assert report.drifts == []
    assert report.objects == 2


def test_an_object_that_cannot_be_compared_ends_no_run(
    shop: AnyConnection, double: Double, watch: Watch, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object) -> Any:
        raise OverflowError("a bug")

    monkeypatch.setattr(objects, "_judged", broken)
    report = run(shop, double, watch)

    assert (report.objects, report.drifts) == (2, [])


@pytest.mark.parametrize("written", [b'"\\ud800"', b"1e400"], ids=["lone surrogate", "infinite number"])
def test_text_of_one_customer_hides_no_other(
    shop: AnyConnection, world: DemoWorld, watch: Watch, conninfo: str, written: bytes
) -> None:
    world.stripe.subscriptions.cancel_now(subscription(world).id)
    pass_days(world, watch, 40)
    plain = stripe_double(world.stripe, now=watch)

    def answer(request: Asked) -> Replied:
        replied = plain.answer(request)
        if request.path != "/v1/customers":
            return replied
        body = json.dumps(replied.body).encode()
        return Replied(replied.status, body.replace(b'"description": null', b'"description": ' + written))

    with serving(Double(answer, watch)) as double:
        report = run(shop, double, watch)

    project(conninfo)

    assert report.healed > 0
    assert row(shop, "user_subscriptions")["subscription_status"] == "canceled"


def test_a_change_older_than_thirty_days_is_healed_by_a_snapshot(
    shop: AnyConnection, world: DemoWorld, double: Double, watch: Watch, conninfo: str
) -> None:
    world.stripe.subscriptions.cancel_now(subscription(world).id)
    pass_days(world, watch, 40)

    report = run(shop, double, watch)
    project(conninfo)

    assert dict(report.causes) == {"older than 30 days": report.healed}
    assert row(shop, "user_subscriptions")["subscription_status"] == "canceled"
    event = shop.execute(
        "SELECT event_type, metadata ->> 'cause', event_data -> 'data' -> 'object' ->> 'status' FROM events"
        " WHERE event_type = 'stripe.snapshot.subscription'"
    ).fetchall()
    assert event == [("stripe.snapshot.subscription", "older than 30 days", "canceled")]


def test_an_object_with_a_number_that_orjson_refuses_is_healed_as_a_webhook_would_be(
    shop: AnyConnection, world: DemoWorld, watch: Watch, conninfo: str
) -> None:
    world.stripe.subscriptions.cancel_now(subscription(world).id)
    pass_days(world, watch, 40)
    plain = stripe_double(world.stripe, now=watch)

    def answer(request: Asked) -> Replied:
        replied = plain.answer(request)
        body, mark = json.dumps(replied.body).encode(), b'"object": "subscription"'
        return Replied(replied.status, body.replace(mark, b'"x": 1e999, ' + mark))

    with serving(Double(answer, watch)) as double:
        run(shop, double, watch)
    project(conninfo)

    assert row(shop, "user_subscriptions")["subscription_status"] == "canceled"


def test_a_second_run_finds_nothing_left(
    shop: AnyConnection, world: DemoWorld, double: Double, watch: Watch
) -> None:
    world.stripe.subscriptions.cancel_now(subscription(world).id)
    pass_days(world, watch, 40)
    run(shop, double, watch)

    again = run(shop, double, watch)

    assert (again.drifts, again.healed) == ([], 0)


def test_a_truth_that_comes_back_is_healed_again(
    shop: AnyConnection, world: DemoWorld, double: Double, watch: Watch, conninfo: str
) -> None:
    """The same content twice is not the same event: something else was true between."""
    person = world.people[0]
    customer = world.stripe.customers()[0].id
    plans = []
    for metadata in ({"note": "a", "userId": person.user_id}, {"note": "b", "userId": "user_other"}) * 2:
        world.stripe.link_customer(customer, metadata)
        pass_days(world, watch, 40)
        plans.append(run(shop, double, watch).healed)

    assert all(plans)


def test_dry_run_names_the_cause_and_writes_nothing(
    shop: AnyConnection, world: DemoWorld, double: Double, watch: Watch
) -> None:
    run(shop, double, watch)
    world.stripe.subscriptions.cancel_now(subscription(world).id)
    pass_days(world, watch, 1)
    before = shop.execute("SELECT count(*) FROM events").fetchone()

    report = run(shop, double, watch, dry_run=True)

    assert report.causes["missed event"] >= 1
    assert report.events is not None
    assert report.events.appended >= 1
    assert shop.execute("SELECT count(*) FROM events").fetchone() == before


def test_a_deleted_customer_is_asked_for_and_entombed(
    shop: AnyConnection, world: DemoWorld, double: Double, watch: Watch, conninfo: str
) -> None:
    world.stripe.delete_customer(world.stripe.customers()[0].id)
    pass_days(world, watch, 40)

    run(shop, double, watch)
    project(conninfo)

    assert row(shop, "user_subscriptions")["subscription_status"] == "canceled"
    assert row(shop, "user_billing")["payment_method_id"] is None


def test_a_refreshed_card_comes_with_its_subscription(
    shop: AnyConnection, world: DemoWorld, double: Double, watch: Watch, conninfo: str
) -> None:
    method = world.stripe.log.all(PaymentMethod)[0]
    new_card = replace(method.card, exp_year=2039)
    world.stripe.log.objects[method.id] = replace(method, card=new_card)
    pass_days(world, watch, 1)

    run(shop, double, watch)
    project(conninfo)

    assert row(shop, "user_billing")["card_exp_year"] == 2039


def test_a_detached_last_method_is_told_as_detached(
    shop: AnyConnection, world: DemoWorld, double: Double, watch: Watch, conninfo: str
) -> None:
    log = world.stripe.log
    method = log.all(PaymentMethod)[0]
    log.objects[method.id] = replace(method, customer=None)
    running = subscription(world)
    log.objects[running.id] = replace(running, default_payment_method=None)
    holder = log.get(Customer, running.customer)
    log.objects[holder.id] = replace(holder, default_payment_method=None)
    pass_days(world, watch, 1)

    run(shop, double, watch)
    project(conninfo)

    assert row(shop, "user_billing")["payment_method_id"] is None


def test_an_unknown_price_is_told_and_not_healed(
    shop: AnyConnection, world: DemoWorld, double: Double, watch: Watch
) -> None:
    world.stripe.subscriptions.upgrade(subscription(world).id, UNKNOWN_PRICE)
    watch.at = world.clock.now + timedelta(seconds=1)

    report = run(shop, double, watch)

    assert dict(report.causes) == {"unknown price": 1}
    assert report.drifts[0].fields["price"] == (None, UNKNOWN_PRICE.id)


def test_a_row_edited_by_hand_is_named_with_its_columns(
    shop: AnyConnection, double: Double, watch: Watch
) -> None:
    shop.execute("UPDATE user_subscriptions SET current_plan = 'fame_flex'")

    report = run(shop, double, watch)

    assert [(drift.kind, drift.cause, list(drift.fields)) for drift in report.drifts] == [
        ("user_subscriptions", "manual edit", ["current_plan"])
    ]
    assert report.healed == 0


def test_rows_a_projector_wrote_otherwise_are_its_bug(
    shop: AnyConnection, double: Double, watch: Watch
) -> None:
    shop.execute("UPDATE user_billing SET card_last4 = '0000'")
    shop.execute("UPDATE projection_states SET row_digest = '\\x00'")

    report = run(shop, double, watch)

    assert dict(report.causes) == {"projector bug": 1}


def test_rows_that_wait_for_a_refold_are_not_compared(
    shop: AnyConnection, double: Double, watch: Watch
) -> None:
    shop.execute("UPDATE user_billing SET card_last4 = '0000'")
    shop.execute("UPDATE projection_states SET refold_after = 0, refold_until = 1, refold_since = now()")

    assert run(shop, double, watch).drifts == []


def test_an_end_is_final_and_said_to_be(
    shop: AnyConnection, world: DemoWorld, double: Double, watch: Watch
) -> None:
    alive = subscription(world)
    world.stripe.subscriptions.cancel_now(alive.id)
    receive(shop, world.deliveries)
    world.stripe.log.objects[alive.id] = replace(alive)
    watch.at = world.clock.now + timedelta(seconds=1)

    report = run(shop, double, watch)

    assert dict(report.causes) == {"absorbed": 1}


def test_a_webhook_of_the_second_we_looked_still_counts(
    shop: AnyConnection, world: DemoWorld, double: Double, watch: Watch, conninfo: str
) -> None:
    """The snapshot says what was before; the event of the same second decides."""
    world.stripe.link_customer(subscription(world).customer, {"note": "unseen"})
    pass_days(world, watch, 40)
    run(shop, double, watch)
    world.stripe.subscriptions.cancel_now(subscription(world).id)

    receive(shop, world.deliveries[-3:])
    project(conninfo)

    assert world.clock.now_s == int(watch.at.timestamp())
    assert row(shop, "user_subscriptions")["subscription_status"] == "canceled"


def test_test_objects_never_touch_live_state(shop: AnyConnection, world: DemoWorld, watch: Watch) -> None:
    world.test_stripe.checkout(
        price_of("fame_flex"),
        email="ada@example.com",
        subscription_metadata={"userId": world.people[0].user_id},
    )
    with serving(stripe_double(world.test_stripe, now=watch)) as double:
        report = run(shop, double, watch)

    assert report.healed == 0
    snapshots = shop.execute(
        "SELECT count(*) FROM events WHERE event_type LIKE 'stripe.snapshot.%'"
    ).fetchone()
    assert snapshots == (0,)


def thin_only(conn: AnyConnection, start: datetime) -> tuple[DemoWorld, str]:
    """Somebody cancelled, and all we were told of it is a thin event; its twin's id."""
    world = DemoWorld(start=start, seed="thin")
    world.join(first_name="Ada", last_name="Lee", email="ada@example.com")
    bought = world.stripe.checkout(price_of("glow_up"), email="ada@example.com")
    receive(conn, world.deliveries)
    world.stripe.subscriptions.cancel_now(bought.subscription)
    gone = next(e for e in reversed(world.deliveries) if e.event_type == "customer.subscription.deleted")
    receive(conn, [world.stripe.thin_twin(gone)])
    return world, gone.message_id


def followed(conn: AnyConnection, world: DemoWorld, now: datetime) -> list[tuple[int, str]]:
    """How many thin events two runs followed, and what came of them."""
    watch = Watch(now)
    twins = []
    with serving(stripe_double(world.stripe, now=watch)) as double:
        for _ in range(2):
            thin = run(conn, double, watch, since=now + timedelta(days=1), with_objects=False).thin
            query = "SELECT event_type FROM events WHERE metadata ->> 'cause' = 'thin event'"
            twins.append((thin, ",".join(row[0] for row in conn.execute(query).fetchall())))
    return twins


def test_a_thin_event_brings_its_twin_once(conninfo: str) -> None:
    now = datetime.now(UTC)  # which thin events are new, the database's clock says
    with service(conninfo) as conn:
        world, _ = thin_only(conn, now - timedelta(hours=2))

        twins = followed(conn, world, now)

    twin = "stripe.customer.subscription.deleted"
    assert twins == [(1, twin), (0, twin)]


def test_a_thin_event_whose_twin_is_gone_brings_the_object(conninfo: str) -> None:
    now = datetime.now(UTC)
    with service(conninfo) as conn:
        world, _ = thin_only(conn, now - timedelta(days=50))

        twins = followed(conn, world, now)

    assert twins == [(1, "stripe.snapshot.subscription"), (0, "stripe.snapshot.subscription")]


def test_a_thin_event_beside_its_twin_brings_nothing(conninfo: str) -> None:
    now = datetime.now(UTC)
    with service(conninfo) as conn:
        world, twin = thin_only(conn, now - timedelta(days=50))
        receive(conn, [delivery for delivery in world.deliveries if delivery.message_id == twin])

        twins = followed(conn, world, now)

    assert twins == [(0, ""), (0, "")]


def test_months_of_losses_end_in_the_state_stripe_has(watch: Watch, conninfo: str, empty_clone: str) -> None:
    world = make_world(5, 30, start=START, days=100, steps_per_user=12)
    watch.at = world.clock.now + timedelta(hours=1)
    random = Random(8)
    lossy_kinds = ("customer.subscription", "invoice", "payment_method", "customer.updated")
    kept = [
        delivery
        for delivery in world.deliveries
        if not (
            delivery.provider == "stripe"
            and delivery.event_type.startswith(lossy_kinds)
            and random.random() < 1 / 3
        )
    ]
    random.shuffle(kept)
    with (
        service(conninfo) as whole,
        service(empty_clone) as lossy,
        serving(stripe_double(world.stripe, now=watch)) as double,
    ):
        for conn, deliveries, info in ((whole, world.deliveries, conninfo), (lossy, kept, empty_clone)):
            publish(conn)
            receive(conn, deliveries)
            project(info)
        run(lossy, double, watch)
        project(empty_clone)

        for table in ("user_subscriptions", "user_billing"):
            assert _present(tables(lossy)[table]) == _present(tables(whole)[table])


def _present(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:  # Any: one type a column
    """What is true now; what a trial was like months ago no object tells."""
    past = ARRIVAL | {"trial_status", "trial_conversion_date"}
    return [{name: cell for name, cell in row.items() if name not in past} for row in rows]
