"""Clerk keeps no events: what its webhooks lost is read off its users."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any

import pytest

from demo.history import make_world
from demo.world import DemoWorld
from events.statements import AnyConnection
from providers.reconcile.clerk import ClerkReconciled, reconcile_clerk, reconcile_user
from providers.reconcile.clerk_api import ClerkApi
from providers.reconcile.errors import ProviderAway, ProviderRefused, UnusableBody
from providers.reconcile.rate_limit import RateLimit
from providers.reconcile.stripe import reconcile_stripe
from service.unsigned_events import fetched_clerk_event
from tests.doubles.clerk import KEY, clerk_double
from tests.doubles.faults import BROKEN, HANGS_UP, RATE_LIMITED, at_random
from tests.doubles.http import Asked, Double, Replied, serving
from tests.doubles.stripe import stripe_double
from tests.providers.shop import Watch, envelope, project, publish, receive, service, stripe_api, tables

pytestmark = pytest.mark.usefixtures("live_events_only")

START = datetime(2026, 1, 5, 9, tzinfo=UTC)


@pytest.fixture
def world() -> DemoWorld:
    demo_world = DemoWorld(start=START, seed="clerk")
    for number in range(3):
        demo_world.join(first_name="Ada", last_name=f"{number}", email=f"ada{number}@example.com")
        demo_world.wait(timedelta(hours=1))
    return demo_world


@pytest.fixture
def watch(world: DemoWorld) -> Watch:
    return Watch(world.clock.now + timedelta(hours=30))


@pytest.fixture
def double(world: DemoWorld, watch: Watch) -> Iterator[Double]:
    with serving(clerk_double(world.clerk, now=watch)) as running:
        yield running


@pytest.fixture
def shop(conninfo: str) -> Iterator[AnyConnection]:
    with service(conninfo) as opened:
        yield opened


def run(conn: AnyConnection, double: Double, watch: Watch, **options: Any) -> ClerkReconciled:
    pace = RateLimit(tick=watch.tick, sleep=watch.sleep)
    with ClerkApi(KEY, base=double.url + "/v1", clock=watch, pace=pace) as api:
        return reconcile_clerk(conn, api, envelope=fetched_clerk_event, clock=watch, **options)


def people(conn: AnyConnection) -> list[tuple[str, str | None, bool]]:
    cursor = conn.execute("SELECT full_name, email, deleted_at IS NOT NULL FROM users ORDER BY created_at")
    return cursor.fetchall()


def test_users_nobody_told_us_of_are_found(
    shop: AnyConnection, double: Double, watch: Watch, conninfo: str
) -> None:
    report = run(shop, double, watch)
    project(conninfo)

    assert report.created == 3
    assert people(shop) == [(f"Ada {n}", f"ada{n}@example.com", False) for n in range(3)]


def test_users_and_webhooks_give_the_same_rows(
    shop: AnyConnection, world: DemoWorld, double: Double, watch: Watch, conninfo: str, empty_clone: str
) -> None:
    """Down to the byte, as long as the user was never changed."""
    run(shop, double, watch)
    project(conninfo)
    with service(empty_clone) as other:
        receive(other, world.deliveries)
        project(empty_clone)

        assert tables(shop) == tables(other)


def test_a_second_run_finds_nothing(shop: AnyConnection, double: Double, watch: Watch) -> None:
    run(shop, double, watch)

    again = run(shop, double, watch)

    assert (again.created, again.updated, again.deleted) == (0, 0, 0)


def test_a_missed_change_is_told_at_its_own_time(
    shop: AnyConnection, world: DemoWorld, double: Double, watch: Watch, conninfo: str
) -> None:
    receive(shop, world.deliveries)
    world.clerk.rename(world.people[0].user_id, first_name="Zoë", last_name="Lee")

    report = run(shop, double, watch)
    project(conninfo)

    at = shop.execute("SELECT updated_at FROM users WHERE full_name = 'Zoë Lee'").fetchone()
    assert report.updated == 1
    assert at == (world.deliveries[-1].occurred_at,)


def test_who_signed_up_long_ago_keeps_the_day(
    shop: AnyConnection, world: DemoWorld, double: Double, watch: Watch, conninfo: str
) -> None:
    """Their month of usage counts from that day, whenever they changed."""
    world.wait(timedelta(days=40))
    world.clerk.rename(world.people[0].user_id, first_name="Zoë", last_name="Lee")

    run(shop, double, watch)
    project(conninfo)

    row = shop.execute("SELECT created_at FROM users WHERE full_name = 'Zoë Lee'").fetchone()
    assert row == (world.deliveries[0].occurred_at,)


def test_the_deleted_are_found_and_asked_for_first(
    shop: AnyConnection, world: DemoWorld, double: Double, watch: Watch, conninfo: str
) -> None:
    receive(shop, world.deliveries)
    project(conninfo)
    world.clerk.delete(world.people[1].user_id)

    report = run(shop, double, watch)
    project(conninfo)

    assert report.deleted == 1
    assert f"/v1/users/{world.people[1].user_id}" in double.paths()
    gone = shop.execute("SELECT full_name, email FROM users WHERE deleted_at IS NOT NULL").fetchall()
    assert gone == [(None, None)]


def test_an_id_only_stripe_mentioned_is_not_deleted(
    shop: AnyConnection, world: DemoWorld, double: Double, watch: Watch, conninfo: str
) -> None:
    world.stripe.create_customer(email="x@example.com", metadata={"userId": "user_of_nobody"})
    receive(shop, world.deliveries)
    project(conninfo)

    assert run(shop, double, watch).deleted == 0


def test_a_webhook_that_comes_after_all_changes_nothing(
    shop: AnyConnection, world: DemoWorld, double: Double, watch: Watch, conninfo: str
) -> None:
    world.clerk.rename(world.people[0].user_id, first_name="Zoë", last_name="Lee")
    run(shop, double, watch)
    project(conninfo)
    before = people(shop)

    receive(shop, reversed(world.deliveries))
    project(conninfo)

    assert people(shop) == before


def test_more_users_than_a_page_with_troubles(conninfo: str, watch: Watch) -> None:
    crowd = DemoWorld(start=START, seed="crowd")
    for number in range(450):
        crowd.join(first_name="Ada", last_name=f"{number}", email=f"ada{number}@example.com")
    faults = at_random(4, (RATE_LIMITED, BROKEN, HANGS_UP), 0.3)
    with service(conninfo) as conn, serving(clerk_double(crowd.clerk, now=watch, faults=faults)) as double:
        report = run(conn, double, watch)

        assert report.created == 450
        assert conn.execute("SELECT count(DISTINCT route_key) FROM events").fetchone() == (450,)


def test_dry_run_writes_nothing(shop: AnyConnection, double: Double, watch: Watch) -> None:
    report = run(shop, double, watch, dry_run=True)

    assert (report.created, len(report.drifts)) == (3, 3)
    assert shop.execute("SELECT count(*) FROM events").fetchone() == (0,)


def test_a_wrong_key_is_told(shop: AnyConnection, double: Double, watch: Watch) -> None:
    with (
        ClerkApi("sk_live_wrong", base=double.url + "/v1", clock=watch) as api,
        pytest.raises(ProviderRefused, match="401"),
    ):
        reconcile_clerk(shop, api, envelope=fetched_clerk_event, clock=watch)


# What Clerk can't tell again: sessions and its own billing have no events there, and a change that
# was followed by another left no trace.
UNTOLD = {
    "user_system_data": {"last_webhook_event", "last_webhook_timestamp", "updated_at"},
    "users": {"updated_at"},
}


def test_a_third_of_all_webhooks_dropped_and_both_reconciled(conninfo: str, empty_clone: str) -> None:
    world = make_world(21, 25, start=START, days=25, steps_per_user=12)
    random = Random(5)
    kept = [delivery for delivery in world.deliveries if random.random() > 1 / 3]
    random.shuffle(kept)
    watch = Watch(world.clock.now + timedelta(hours=1))
    with (
        service(conninfo) as whole,
        service(empty_clone) as lossy,
        serving(stripe_double(world.stripe, now=watch)) as stripe,
        serving(clerk_double(world.clerk, now=watch)) as clerk,
    ):
        for conn, deliveries, info in ((whole, world.deliveries, conninfo), (lossy, kept, empty_clone)):
            publish(conn)
            receive(conn, deliveries)
            project(info)

        api = stripe_api(stripe, watch)
        reconcile_stripe(lossy, api, envelope=envelope, clock=watch)
        run(lossy, clerk, watch, yes_delete=3)
        project(empty_clone)

        user_ids = {user.id for user in world.clerk.users.values() if user.deleted_ms is not None}
        assert _tables_of_the_rest(tables(lossy), user_ids) == _tables_of_the_rest(tables(whole), user_ids)
        assert {row["user_id"] for row in tables(lossy)["users"] if row["deleted_at"]} == user_ids


def _tables_of_the_rest(
    rows_by_table: dict[str, list[dict[str, Any]]], user_ids: set[str]
) -> dict[str, list[dict[str, Any]]]:
    """The rows of everybody who is still there: of the others Clerk knows nothing any more."""
    owners = {row["id"] for row in rows_by_table["users"] if row["user_id"] not in user_ids}
    return {
        table: [
            {name: cell for name, cell in row.items() if name not in UNTOLD.get(table, ())}
            for row in rows
            if row["id" if table == "users" else "user_id"] in owners
        ]
        for table, rows in rows_by_table.items()
    }


@pytest.mark.parametrize(
    "written",
    [b'"\\ud800"', b"[" * 1500 + b"]" * 1500, b'["\\udfff",' + b"[" * 1500 + b"]" * 1501],
    ids=["lone surrogate", "nested too deep", "both"],
)
def test_metadata_of_one_user_hides_no_other(
    shop: AnyConnection, world: DemoWorld, watch: Watch, conninfo: str, written: bytes
) -> None:
    """A signed-in browser may write any JSON into its user's `unsafe_metadata`."""
    first = next(iter(world.clerk.users))
    receive(shop, [delivery for delivery in world.deliveries if first in json.dumps(delivery.event)])
    project(conninfo)
    plain = clerk_double(world.clerk, now=watch)

    def answer(request: Asked) -> Replied:
        replied = plain.answer(request)
        body = json.dumps(replied.body).encode()
        mark = json.dumps({"id": first})[1:-1].encode()
        return Replied(
            replied.status, body.replace(mark, mark + b', "unsafe_metadata": {"x": ' + written + b"}")
        )

    with serving(Double(answer, watch)) as double:
        report = run(shop, double, watch)
    project(conninfo)

    assert people(shop) == [(f"Ada {n}", f"ada{n}@example.com", False) for n in range(3)]
    assert (report.created, report.deleted, report.refused) == (2, 0, None)


def test_a_list_without_a_readable_user_is_no_list(shop: AnyConnection, watch: Watch) -> None:
    deep = b'[{"id": "user_1", "x": ' + b"[" * 1500 + b"]" * 1500 + b"}]"

    with serving(Double(lambda _: Replied(200, deep), watch)) as double, pytest.raises(ProviderAway):
        run(shop, double, watch)


def test_one_user_with_a_number_out_of_range_is_named(
    shop: AnyConnection, world: DemoWorld, watch: Watch, conninfo: str
) -> None:
    first = next(iter(world.clerk.users))
    plain = clerk_double(world.clerk, now=watch)

    def answer(request: Asked) -> Replied:
        replied = plain.answer(request)
        body, mark = json.dumps(replied.body).encode(), json.dumps({"id": first})[1:-1].encode()
        return Replied(replied.status, body.replace(mark, mark + b', "unsafe_metadata": {"x": 1e999}'))

    with (
        serving(Double(answer, watch)) as double,
        ClerkApi(
            KEY, base=double.url + "/v1", clock=watch, pace=RateLimit(tick=watch.tick, sleep=watch.sleep)
        ) as api,
        pytest.raises(UnusableBody, match=f"{first} can't be stored: "),
    ):
        reconcile_user(shop, api, first, envelope=fetched_clerk_event, clock=watch)
