"""A mass deletion is stopped before it begins, and a wrong one can be taken back."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from demo.clerk_shapes import user
from demo.world import DemoWorld
from events.statements import AnyConnection
from handlers.alarms import alarms
from handlers.decision import Command
from handlers.deletions import restore_user
from handlers.errors import NothingToUndo
from handlers.privacy import erase_person, plan_erasure
from providers.reconcile.clerk import ClerkReconciled, reconcile_clerk
from providers.reconcile.clerk_api import ClerkApi
from providers.reconcile.rate_limit import RateLimit
from service.unsigned_events import fetched_clerk_event
from tests.doubles.clerk import KEY, clerk_double
from tests.doubles.http import Asked, Double, Replied, serving
from tests.providers.shop import Watch, project, receive, service, tables

START = datetime(2026, 1, 5, 9, tzinfo=UTC)
MANY = 30


@pytest.fixture
def world() -> DemoWorld:
    return shop_of(MANY, seed="ours")


def shop_of(people: int, *, seed: str) -> DemoWorld:
    demo_world = DemoWorld(start=START, seed=seed)
    for number in range(people):
        demo_world.join(first_name="Ada", last_name=f"{number}", email=f"{seed}{number}@example.com")
    demo_world.wait(timedelta(hours=1))
    return demo_world


@pytest.fixture
def watch(world: DemoWorld) -> Watch:
    return Watch(world.clock.now + timedelta(hours=30))


@pytest.fixture
def shop(conninfo: str, world: DemoWorld) -> Iterator[AnyConnection]:
    """All users are known."""
    with service(conninfo) as conn:
        receive(conn, world.deliveries)
        project(conninfo)
        yield conn


def run(conn: AnyConnection, double: Double, watch: Watch, **options: Any) -> ClerkReconciled:
    pace = RateLimit(tick=watch.tick, sleep=watch.sleep)
    with ClerkApi(KEY, base=double.url + "/v1", clock=watch, pace=pace) as api:
        return reconcile_clerk(conn, api, envelope=fetched_clerk_event, clock=watch, **options)


def against(conn: AnyConnection, world: DemoWorld, watch: Watch, **options: Any) -> ClerkReconciled:
    with serving(clerk_double(world.clerk, now=watch)) as double:
        return run(conn, double, watch, **options)


def events(conn: AnyConnection) -> int:
    row = conn.execute("SELECT count(*) FROM events").fetchone()
    assert row is not None
    return int(row[0])


def deleted(conn: AnyConnection) -> int:
    row = conn.execute("SELECT count(*) FROM users WHERE deleted_at IS NOT NULL").fetchone()
    assert row is not None
    return int(row[0])


@pytest.mark.parametrize("strangers", [0, 5])
def test_the_key_of_another_instance_changes_nothing(
    shop: AnyConnection, watch: Watch, strangers: int
) -> None:
    before = events(shop)

    report = against(shop, shop_of(strangers, seed="theirs"), watch)

    assert report.refused is not None
    assert "CLERK_SECRET_KEY" in report.refused
    assert (events(shop), report.created, report.deleted) == (before, 0, 0)


def test_an_instance_with_another_id_is_refused_even_if_it_has_the_users(
    shop: AnyConnection, world: DemoWorld, watch: Watch
) -> None:
    """A copy of our instance: every user is there, yet our webhooks come from elsewhere."""
    created = next(delivery for delivery in world.deliveries if delivery.event["type"] == "user.created")
    assert created.event["instance_id"]
    with serving(instance_double(world, "ins_another", watch)) as double:
        report = run(shop, double, watch, yes_delete=MANY)

    assert report.refused is not None
    assert "ins_another" in report.refused


def test_the_instance_of_the_webhooks_is_not_looked_for_twice(
    shop: AnyConnection, world: DemoWorld, watch: Watch
) -> None:
    ours = world.deliveries[0].event["instance_id"]
    with serving(instance_double(world, ours, watch)) as double:
        report = run(shop, double, watch)

        assert report.refused is None
        assert [path for path in double.paths() if path.startswith("/v1/users/")] == []


def instance_double(world: DemoWorld, instance: str, watch: Watch) -> Double:
    of_users = clerk_double(world.clerk, now=watch)

    def answer(request: Asked) -> Replied:
        if request.path == "/v1/instance":
            return Replied(200, {"object": "instance", "id": instance})
        return of_users.answer(request)

    return Double(answer, watch)


def test_more_deletions_than_a_run_may_believe_are_none(
    shop: AnyConnection, world: DemoWorld, watch: Watch
) -> None:
    for person in world.people[:4]:
        world.clerk.delete(person.user_id)
    before = events(shop)

    report = against(shop, world, watch)

    assert report.refused is not None
    assert "--yes-delete 4" in report.refused
    assert (events(shop), report.deleted) == (before, 0)


def test_a_dry_run_lists_all_that_would_be_deleted(
    shop: AnyConnection, world: DemoWorld, watch: Watch
) -> None:
    for person in world.people[:5]:
        world.clerk.delete(person.user_id)

    report = against(shop, world, watch, dry_run=True)

    assert (report.deleted, len(report.drifts)) == (5, 5)


def test_yes_delete_deletes_up_to_that_many(
    shop: AnyConnection, world: DemoWorld, watch: Watch, conninfo: str
) -> None:
    for person in world.people[:5]:
        world.clerk.delete(person.user_id)

    refused = against(shop, world, watch, yes_delete=4)
    done = against(shop, world, watch, yes_delete=5)
    project(conninfo)

    assert refused.refused is not None
    assert (done.refused, deleted(shop)) == (None, 5)


def test_a_refused_run_is_an_alarm_until_one_goes_well(
    shop: AnyConnection, world: DemoWorld, watch: Watch
) -> None:
    against(shop, shop_of(0, seed="theirs"), watch)
    during = [alarm for alarm in alarms(shop, now=watch()) if alarm.kind == "refused"]
    against(shop, world, watch)
    after = [alarm for alarm in alarms(shop, now=watch()) if alarm.kind == "refused"]

    assert [(alarm.source, alarm.level) for alarm in during] == [("clerk", "error")]
    assert after == []


def test_a_page_older_than_our_last_event_changes_nothing(
    shop: AnyConnection, world: DemoWorld, watch: Watch, conninfo: str
) -> None:
    """The API's replica lags: it still shows the user as before the last webhook."""
    person = world.clerk.users[world.people[0].user_id]
    before = user(person)
    world.clerk.rename(person.id, first_name="Zoë", last_name="Lee")
    receive(shop, world.deliveries[-1:])
    project(conninfo)
    rows, count = tables(shop), events(shop)
    others = [user(clerk_user) for clerk_user in world.clerk.users.values() if clerk_user.id != person.id]
    with serving(page_double([before, *others], watch)) as double:
        report = run(shop, double, watch)
    project(conninfo)

    assert (report.older, report.updated) == (1, 0)
    assert (tables(shop), events(shop)) == (rows, count)
    assert [drift.cause for drift in report.drifts] == ["older page"]


def page_double(users: list[dict[str, Any]], watch: Watch) -> Double:
    def answer(request: Asked) -> Replied:
        if request.path == "/v1/users":
            return Replied(200, users)
        one = next((listed for listed in users if request.path.endswith(f"/{listed['id']}")), None)
        return Replied(404, {}) if one is None else Replied(200, one)

    return Double(answer, watch)


def test_an_observed_deletion_is_taken_back(
    shop: AnyConnection, world: DemoWorld, watch: Watch, conninfo: str
) -> None:
    hidden = world.clerk.users.pop(world.people[0].user_id)
    against(shop, world, watch)
    project(conninfo)
    world.clerk.users[hidden.id] = hidden
    gone = deleted(shop)

    restored = restore_now(shop, hidden.id, watch)
    again = against(shop, world, watch)
    project(conninfo)

    row = shop.execute("SELECT email, full_name FROM users WHERE user_id = %s", [hidden.id]).fetchone()
    assert (gone, deleted(shop)) == (1, 0)
    assert row == ("ours0@example.com", "Ada 0")
    assert len(restored) == 1
    assert (again.created, again.updated, again.deleted, again.drifts) == (0, 0, 0, [])


def test_a_deletion_that_clerk_sent_is_final(
    shop: AnyConnection, world: DemoWorld, watch: Watch, conninfo: str
) -> None:
    world.clerk.delete(world.people[0].user_id)
    receive(shop, world.deliveries[-1:])
    project(conninfo)

    with pytest.raises(NothingToUndo, match="final"):
        restore_now(shop, world.people[0].user_id, watch)


def restore_now(conn: AnyConnection, user_id: str, watch: Watch) -> list[str]:
    command = Command(
        user_id=user_id, key="restore", request={}, now=watch(), actor="cli:test", reason="wrong key"
    )
    with conn.transaction():
        reverted: list[str] = restore_user(conn, command).answer["reverted"]
    return reverted


def test_an_erased_person_is_not_fetched_back(
    shop: AnyConnection, world: DemoWorld, watch: Watch, conninfo: str
) -> None:
    erased = world.people[0].user_id
    with shop.transaction():
        erase_person(
            shop,
            plan_erasure(shop, erased),
            now=watch(),
            actor="cli:test",
            reason="ticket 12",
        )
    project(conninfo)
    world.clerk.rename(erased, first_name="Zoë", last_name="Lee")
    before = events(shop)

    report = against(shop, world, watch)

    assert (events(shop), report.drifts) == (before, [])


def test_what_was_fetched_before_an_erasure_is_not_appended_after_it(
    shop: AnyConnection, world: DemoWorld, watch: Watch
) -> None:
    """The person is erased between the provider's answer and its comparison."""
    erased = world.people[0].user_id
    world.clerk.rename(erased, first_name="Zoë", last_name="Lee")
    of_users = clerk_double(world.clerk, now=watch)

    def answer(request: Asked) -> Replied:
        replied = of_users.answer(request)
        if request.path == "/v1/users":
            with shop.transaction():
                plan = plan_erasure(shop, erased)
                erase_person(shop, plan, now=watch(), actor="cli:test", reason="ticket 12")
        return replied

    with serving(Double(answer, watch)) as double:
        run(shop, double, watch)

    row = shop.execute("SELECT count(*) FROM events WHERE event_data::text LIKE '%%Zoë%%'").fetchone()
    assert row == (0,)
