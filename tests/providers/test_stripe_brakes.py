"""Reconciling with Stripe: only with the key of the log's account, and no mass end unasked."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from demo.world import DemoWorld
from events.statements import AnyConnection
from handlers.privacy import erase_person, plan_erasure
from providers.imports.stripe import import_stripe
from providers.reconcile.errors import AnotherAccount
from providers.reconcile.stripe import Reconciled, reconcile_stripe
from tests.doubles.http import Asked, Double, Replied, serving
from tests.doubles.stripe import stripe_double
from tests.providers.shop import Watch, envelope, project, receive, service, stripe_api

pytestmark = pytest.mark.usefixtures("live_events_only")

START = datetime(2026, 1, 5, 9, tzinfo=UTC)
MANY = 12


def shop_of(people: int, *, seed: str) -> DemoWorld:
    demo_world = DemoWorld(start=START, seed=seed)
    for number in range(people):
        person = demo_world.join(first_name="Ada", last_name=f"{number}", email=f"{seed}{number}@example.com")
        demo_world.stripe.create_customer(
            email=f"{seed}{number}@example.com", name="Ada", metadata={"userId": person.user_id}
        )
    demo_world.wait(timedelta(hours=1))
    return demo_world


@pytest.fixture
def world() -> DemoWorld:
    return shop_of(MANY, seed="ours")


@pytest.fixture
def watch(world: DemoWorld) -> Watch:
    return Watch(world.clock.now + timedelta(hours=1))


@pytest.fixture
def shop(conninfo: str, world: DemoWorld) -> Iterator[AnyConnection]:
    with service(conninfo) as conn:
        receive(conn, world.deliveries)
        project(conninfo)
        yield conn


def account_double(
    world: DemoWorld, watch: Watch, account: str | None, *, before: Callable[[Asked], None] = lambda _: None
) -> Double:
    """Stripe's API without the events of the last thirty days, so that only objects can tell."""
    of_objects = stripe_double(world.stripe, now=watch)

    def answer(request: Asked) -> Replied:
        if request.path == "/v1/account":
            return Replied(403, {}) if account is None else Replied(200, {"id": account})
        if request.path == "/v1/events":
            return Replied(200, {"object": "list", "data": [], "has_more": False})
        replied = of_objects.answer(request)
        before(request)
        return replied

    return Double(answer, watch)


def run(conn: AnyConnection, double: Double, watch: Watch, **options: Any) -> Reconciled:
    with serving(double):
        api = stripe_api(double, watch)
        return reconcile_stripe(conn, api, envelope=envelope, clock=watch, **options)


def events(conn: AnyConnection) -> int:
    row = conn.execute("SELECT count(*) FROM events").fetchone()
    assert row is not None
    return int(row[0])


@pytest.mark.parametrize("account", [None, "acct_theirs"])
def test_the_key_of_another_account_reads_and_changes_nothing(
    shop: AnyConnection, watch: Watch, account: str | None
) -> None:
    before = events(shop)
    double = account_double(shop_of(3, seed="theirs"), watch, account)

    report = run(shop, double, watch)

    assert report.refused is not None
    assert "STRIPE_API_KEY" in report.refused
    assert events(shop) == before
    assert "/v1/customers" not in double.paths()


def test_another_account_with_our_customers_is_refused_once_ours_is_known(
    shop: AnyConnection, world: DemoWorld, watch: Watch
) -> None:
    first = run(shop, account_double(world, watch, "acct_ours"), watch)
    second = run(shop, account_double(world, watch, "acct_copy"), watch)
    third = run(shop, account_double(world, watch, "acct_ours"), watch)

    assert (first.refused, third.refused) == (None, None)
    assert "acct_copy, while the log's events are of acct_ours" in (second.refused or "")


def test_an_import_with_the_key_of_another_account_appends_nothing(
    shop: AnyConnection, watch: Watch, conninfo: str
) -> None:
    before = events(shop)
    with serving(account_double(shop_of(3, seed="theirs"), watch, "acct_theirs")) as double:
        api = stripe_api(double, watch)
        with pytest.raises(AnotherAccount, match="STRIPE_API_KEY"):
            import_stripe(lambda: service(conninfo), api, envelope=envelope, clock=watch, workers=1)

    assert events(shop) == before


def test_more_ends_than_a_run_may_believe_are_none(
    shop: AnyConnection, world: DemoWorld, watch: Watch
) -> None:
    for customer in world.stripe.customers()[:3]:
        world.stripe.delete_customer(customer.id)

    refused = run(shop, account_double(world, watch, None), watch)
    between = events_of_stripe(shop)
    done = run(shop, account_double(world, watch, None), watch, yes_delete=3)

    assert "--yes-delete 3" in (refused.refused or "")
    assert (between, done.refused, events_of_stripe(shop)) == (MANY, None, MANY + 3)


def test_users_are_stale_while_their_ends_are_not_believed(
    shop: AnyConnection, world: DemoWorld, watch: Watch, conninfo: str
) -> None:
    gone = world.stripe.customers()[:3]
    for customer in gone:
        world.stripe.delete_customer(customer.id)

    run(shop, account_double(world, watch, None), watch, dry_run=True)
    before = stale_customers(shop)
    for _ in range(2):
        run(shop, account_double(world, watch, None), watch)
    between = stale_customers(shop)
    watch.at += timedelta(hours=1)
    run(shop, account_double(world, watch, None), watch, yes_delete=3)
    project(conninfo)

    assert (before, between, stale_customers(shop)) == ([], sorted(deleted.id for deleted in gone), [])


def test_a_user_is_stale_until_stripe_agrees(shop: AnyConnection, world: DemoWorld, watch: Watch) -> None:
    customers = world.stripe.customers()[:3]
    kept = [replace(owner) for owner in customers]
    for customer in customers:
        world.stripe.delete_customer(customer.id)
    run(shop, account_double(world, watch, None), watch)
    for customer in kept:
        world.stripe.log.objects[customer.id] = customer

    run(shop, account_double(world, watch, None), watch)

    assert stale_customers(shop) == []


def events_of_stripe(conn: AnyConnection) -> int:
    row = conn.execute("SELECT count(*) FROM events WHERE source_system = 'stripe'").fetchone()
    assert row is not None
    return int(row[0])


def stale_customers(conn: AnyConnection) -> list[str]:
    rows = conn.execute(
        "SELECT customer_id FROM user_subscriptions s JOIN users u ON u.id = s.user_id"
        " JOIN customer_links l ON l.user_id = u.user_id"
        " WHERE billing_sync_status = 'stale' ORDER BY customer_id"
    )
    return [row[0] for row in rows]


def test_an_object_read_within_a_minute_of_its_last_event_is_not_believed(
    shop: AnyConnection, world: DemoWorld, watch: Watch
) -> None:
    """Stripe's API may show a customer as before the webhook that came seconds ago."""
    customer = world.stripe.customers()[0]
    world.stripe.link_customer(customer.id, {"userId": world.people[1].user_id})
    receive(shop, world.deliveries[-1:])
    world.stripe.log.objects[customer.id] = customer  # the replica that answers lags
    watch.at = world.clock.now + timedelta(seconds=30)
    before = events(shop)

    report = run(shop, account_double(world, watch, None), watch)

    assert (events(shop), report.causes["older page"]) == (before, 1)


def test_an_erased_customer_is_not_fetched_back(
    shop: AnyConnection, world: DemoWorld, watch: Watch, conninfo: str
) -> None:
    with shop.transaction():
        plan = plan_erasure(shop, world.people[0].user_id)
        erase_person(shop, plan, now=watch(), actor="cli:test", reason="ticket 12")
    project(conninfo)
    before = events(shop)

    report = run(shop, account_double(world, watch, None), watch)

    assert (events(shop), report.drifts) == (before, [])


def test_a_customer_erased_while_the_page_was_read_is_not_appended(
    shop: AnyConnection, world: DemoWorld, watch: Watch
) -> None:
    erased = world.people[0].user_id
    customer = next(owner for owner in world.stripe.customers() if owner.metadata["userId"] == erased)
    world.stripe.link_customer(customer.id, {"userId": erased, "note": "Zoë"})

    def erase(request: Asked) -> None:
        if request.path == "/v1/customers":
            with shop.transaction():
                plan = plan_erasure(shop, erased)
                erase_person(shop, plan, now=watch(), actor="cli:test", reason="ticket 12")

    watch.at += timedelta(hours=1)
    run(shop, account_double(world, watch, None, before=erase), watch)

    row = shop.execute("SELECT count(*) FROM events WHERE event_data::text LIKE '%%Zo%%'").fetchone()
    assert row == (0,)
