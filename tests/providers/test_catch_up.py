"""What the Events API has and the log has not is found, once, however the provider behaves."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from random import Random

import pytest

from demo.history import make_world
from demo.world import DemoWorld
from events.statements import AnyConnection
from handlers.privacy import erase_person, plan_erasure
from providers.reconcile.catch_up import OVERLAP, CaughtUp, catch_up, covers
from providers.reconcile.errors import AlreadyRunning, ProviderAway, ProviderRefused
from providers.reconcile.http_retry import MAX_TRIES
from providers.reconcile.statements import alone
from providers.reconcile.stripe_api import StripeApi
from tests.doubles.faults import (
    BROKEN,
    HANGS_UP,
    RATE_LIMITED,
    REORDERED,
    UNAVAILABLE,
    Fault,
    at_random,
    in_turn,
)
from tests.doubles.http import Double, serving
from tests.doubles.stripe import stripe_double
from tests.providers.shop import Watch, envelope, project, publish, receive, service, stripe_api, tables

pytestmark = pytest.mark.usefixtures("live_events_only")

DAYS = 25  # less than Stripe keeps events
MARKS = {"last_webhook_event", "last_webhook_timestamp"}


@pytest.fixture(scope="module")
def world() -> DemoWorld:
    start = datetime(2026, 1, 5, 9, tzinfo=UTC)
    return make_world(11, 25, start=start, days=DAYS, steps_per_user=14)


@pytest.fixture
def watch(world: DemoWorld) -> Watch:
    return Watch(world.clock.now + timedelta(hours=1))


@pytest.fixture
def double(world: DemoWorld, watch: Watch) -> Iterator[Double]:
    with serving(stripe_double(world.stripe, now=watch)) as running:
        yield running


@pytest.fixture
def caught(conninfo: str) -> Iterator[AnyConnection]:
    with service(conninfo) as opened:
        yield opened


def run(conn: AnyConnection, double: Double, watch: Watch, **options: object) -> CaughtUp:
    return catch_up(conn, stripe_api(double, watch), envelope=envelope, clock=watch, **options)  # type: ignore[arg-type]


def stripes(world: DemoWorld) -> set[str]:
    """The live snapshot events Stripe made."""
    return {
        delivery.message_id
        for delivery in world.deliveries
        if delivery.provider == "stripe"
        and delivery.event["object"] == "event"
        and delivery.event["livemode"]
    }


def logged(conn: AnyConnection) -> set[str]:
    rows = conn.execute("SELECT idempotency_key FROM events WHERE source_system = 'stripe'").fetchall()
    return {row[0] for row in rows}


def test_a_third_dropped_and_the_rest_shuffled_ends_in_the_same_tables(
    world: DemoWorld, double: Double, watch: Watch, conninfo: str, empty_clone: str
) -> None:
    random = Random(3)
    kept = [
        delivery for delivery in world.deliveries if delivery.provider == "clerk" or random.random() > 1 / 3
    ]
    random.shuffle(kept)
    with service(conninfo) as whole, service(empty_clone) as lossy:
        publish(whole)
        publish(lossy)
        receive(whole, world.deliveries)
        receive(lossy, kept)
        project(conninfo)
        project(empty_clone)
        before = tables(lossy)

        report = run(lossy, double, watch)
        project(empty_clone)

        assert report.appended > 100
        assert before != tables(whole)
        assert tables(lossy) == tables(whole)


def test_everything_missed_is_appended_once(
    caught: AnyConnection, world: DemoWorld, double: Double, watch: Watch
) -> None:
    first = run(caught, double, watch)
    second = run(caught, double, watch)

    assert logged(caught) == stripes(world)
    assert (first.appended, second.appended) == (len(stripes(world)), 0)


def test_an_erased_customers_events_are_not_caught_up(
    caught: AnyConnection, world: DemoWorld, double: Double, watch: Watch, conninfo: str
) -> None:
    """The log has the first third of what Stripe sent."""
    publish(caught)
    receive(caught, world.deliveries[: len(world.deliveries) // 3])
    project(conninfo)
    missed = sorted(run(caught, double, watch, dry_run=True).routes)
    linked = "SELECT user_id FROM customer_links WHERE customer_id = ANY (%s) AND user_id IS NOT NULL LIMIT 1"
    ((erased,),) = caught.execute(linked, [missed]).fetchall()
    with caught.transaction():
        plan = plan_erasure(caught, erased)
        erase_person(caught, plan, now=watch(), actor="cli:test", reason="ticket 12")
    before = logged(caught)

    run(caught, double, watch)

    rows = caught.execute(
        "SELECT idempotency_key FROM events WHERE route_key = ANY (%s)", [list(plan.customers)]
    ).fetchall()
    assert before < logged(caught)
    assert {row[0] for row in rows} <= before


def test_webhook_that_comes_later_is_a_duplicate(
    caught: AnyConnection, world: DemoWorld, double: Double, watch: Watch
) -> None:
    run(caught, double, watch)
    events = caught.execute("SELECT count(*) FROM events").fetchone()
    stripe = [delivery for delivery in world.deliveries if delivery.message_id in stripes(world)]

    receive(caught, stripe)

    assert caught.execute("SELECT count(*) FROM events").fetchone() == events
    assert caught.execute("SELECT count(*) FROM event_conflicts").fetchone() == (0,)


def test_what_we_fetched_says_so_and_is_not_called_signed(
    caught: AnyConnection, double: Double, watch: Watch
) -> None:
    run(caught, double, watch)

    marks = caught.execute(
        "SELECT DISTINCT metadata - '{fetched_at,request_id,api_version}'::text[] FROM events"
    )
    assert [row[0] for row in marks.fetchall()] == [{"received_by": "import", "livemode": True}]


def test_the_next_window_overlaps_the_last(
    caught: AnyConnection, double: Double, watch: Watch, world: DemoWorld
) -> None:
    run(caught, double, watch)
    double.requests.clear()

    run(caught, double, watch)

    newest = max(e.occurred_at for e in world.deliveries if e.message_id in stripes(world))
    assert double.requests[0].query["created[gte]"] == str(int((newest - OVERLAP).timestamp()))


def test_a_broken_off_run_goes_on_where_it_was(
    caught: AnyConnection, double: Double, watch: Watch, world: DemoWorld
) -> None:
    double.faults = lambda number, _: BROKEN if number > 3 else None
    with pytest.raises(ProviderAway):
        run(caught, double, watch)
    kept = len(logged(caught))
    double.faults = lambda *_: None
    double.requests.clear()

    run(caught, double, watch)

    assert kept == 300
    assert "starting_after" in double.requests[0].query
    assert logged(caught) == stripes(world)


def test_a_place_stripe_has_forgotten_begins_the_window_again(
    caught: AnyConnection, double: Double, watch: Watch, world: DemoWorld
) -> None:
    double.faults = lambda number, _: BROKEN if number > 1 else None
    with pytest.raises(ProviderAway):
        run(caught, double, watch)
    caught.execute("UPDATE reconcile_cursors SET after = 'evt_forgotten'")
    double.faults = lambda *_: None

    run(caught, double, watch)

    assert logged(caught) == stripes(world)


@pytest.mark.parametrize("seed", range(4))
def test_any_trouble_on_the_way_loses_nothing(
    caught: AnyConnection, double: Double, watch: Watch, world: DemoWorld, seed: int
) -> None:
    troubles = (RATE_LIMITED, BROKEN, UNAVAILABLE, HANGS_UP)
    double.faults = at_random(seed, troubles, 0.3)

    run(caught, double, watch)

    assert logged(caught) == stripes(world)


def test_a_provider_that_does_not_answer_in_time_is_asked_again(
    caught: AnyConnection, double: Double, watch: Watch, world: DemoWorld
) -> None:
    double.faults = in_turn(Fault(delay_s=0.6))
    api = stripe_api(double, watch, timeout_s=0.2)

    catch_up(caught, api, envelope=envelope, clock=watch)

    assert logged(caught) == stripes(world)


def test_retry_after_stops_everybody_for_so_long(caught: AnyConnection, double: Double, watch: Watch) -> None:
    double.faults = in_turn(Fault(status=429, headers={"Retry-After": "7"}))

    run(caught, double, watch)

    assert max(watch.slept) == pytest.approx(7, abs=0.2)


def test_a_provider_that_stays_away_is_given_up(caught: AnyConnection, double: Double, watch: Watch) -> None:
    double.faults = lambda *_: UNAVAILABLE

    with pytest.raises(ProviderAway, match="in 8 tries"):
        run(caught, double, watch)
    assert len(double.requests) == MAX_TRIES


def test_a_refused_key_is_told_and_not_tried_again(
    caught: AnyConnection, double: Double, watch: Watch
) -> None:
    api = StripeApi("rk_live_wrong", base=double.url, clock=watch)

    with pytest.raises(ProviderRefused, match="401"):
        catch_up(caught, api, envelope=envelope, clock=watch)
    assert len(double.requests) == 1


def test_pages_out_of_order_lose_nothing(
    caught: AnyConnection, double: Double, watch: Watch, world: DemoWorld
) -> None:
    """As localstripe lists them: the cursor is the page's last, whatever its age."""
    double.faults = lambda number, _: REORDERED if number == 1 else None

    run(caught, double, watch)
    run(caught, double, watch, since=watch.at - timedelta(days=30))

    assert logged(caught) == stripes(world)


def test_dry_run_counts_and_writes_nothing(
    caught: AnyConnection, double: Double, watch: Watch, world: DemoWorld
) -> None:
    report = run(caught, double, watch, dry_run=True)

    assert report.appended == len(stripes(world))
    assert logged(caught) == set()
    assert caught.execute("SELECT count(*) FROM reconcile_cursors").fetchone() == (0,)


def test_coverage_reaches_back_thirty_days_only_after_such_a_run(
    caught: AnyConnection, double: Double, watch: Watch
) -> None:
    scope = stripe_api(double, watch).scope
    run(caught, double, watch, since=watch.at - timedelta(days=1))
    short = covers(caught, scope, watch.at)

    run(caught, double, watch, since=watch.at - timedelta(days=30))

    assert (short, covers(caught, scope, watch.at)) == (False, True)


def test_two_at_once_is_refused(conninfo: str, caught: AnyConnection) -> None:
    with (
        service(conninfo) as other,
        alone(other, "stripe:live"),
        pytest.raises(AlreadyRunning),
        alone(caught, "stripe:live"),
    ):
        pass


def test_test_mode_events_are_kept_apart(caught: AnyConnection, world: DemoWorld, watch: Watch) -> None:
    with serving(stripe_double(world.test_stripe, now=watch)) as double:
        run(caught, double, watch)

    modes = caught.execute("SELECT DISTINCT livemode FROM events").fetchall()
    assert modes in ([], [(False,)])


def test_a_connected_accounts_events_have_the_webhooks_keys(
    caught: AnyConnection, double: Double, watch: Watch
) -> None:
    api = stripe_api(double, watch, account="acct_x")

    catch_up(caught, api, envelope=envelope, clock=watch)

    assert all(key.startswith("acct_x/evt_") for key in logged(caught))
    assert double.requests[0].headers["Stripe-Account"] == "acct_x"
    assert api.scope == "stripe:acct_x:live"
