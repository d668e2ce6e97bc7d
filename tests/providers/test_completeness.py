"""The ledger names an outage, and the alarms come before it is too late."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest

from demo.prices import price_of
from demo.world import DemoWorld
from events.statements import AnyConnection
from handlers.alarms import Alarm, alarms
from providers.reconcile.stripe import reconcile_stripe
from queries.completeness import ledger, outages
from service.unsigned_events import fetched_stripe_event
from tests.doubles.http import serving
from tests.doubles.stripe import stripe_double
from tests.providers.shop import Watch, receive, service, stripe_api

pytestmark = pytest.mark.usefixtures("live_events_only")

START = datetime(2026, 1, 5, 0, tzinfo=UTC)


@pytest.fixture
def shop(conninfo: str) -> Iterator[AnyConnection]:
    with service(conninfo) as opened:
        yield opened


def a_day(start: datetime) -> DemoWorld:
    """Somebody buys in every hour of a day."""
    world = DemoWorld(start=start, seed="day")
    for hour in range(24):
        world.advance(start + timedelta(hours=hour, minutes=10))
        world.stripe.checkout(price_of("glow_up"), email=f"{hour}@example.com")
    return world


def catch_up(conn: AnyConnection, world: DemoWorld) -> None:
    watch = Watch(world.clock.now + timedelta(hours=1))
    with serving(stripe_double(world.stripe, now=watch)) as double:
        reconcile_stripe(
            conn,
            stripe_api(double, watch),
            envelope=fetched_stripe_event,
            clock=watch,
            with_objects=False,
        )


def test_the_ledger_names_the_outage(shop: AnyConnection) -> None:
    world = a_day(START)
    down = (START + timedelta(hours=9), START + timedelta(hours=14))
    receive(shop, [e for e in world.deliveries if not down[0] <= e.occurred_at < down[1]])

    catch_up(shop, world)

    rows = ledger(shop, since=START, until=START + timedelta(days=2))
    outage_list = outages(rows)
    assert [(outage.source, outage.since, outage.until, outage.received) for outage in outage_list] == [
        ("stripe", *down, 0)
    ]
    assert outage_list[0].caught_up == sum(row["caught_up"] for row in rows)
    assert [row["hour"] for row in rows if row["caught_up"]] == [
        down[0] + timedelta(hours=n) for n in range(5)
    ]


def test_two_losses_with_good_hours_between_are_two_outages(shop: AnyConnection) -> None:
    world = a_day(START)
    receive(shop, [e for e in world.deliveries if (e.occurred_at - START).seconds // 3600 not in (3, 4, 11)])

    catch_up(shop, world)

    rows = ledger(shop, since=START, until=START + timedelta(days=1))
    assert [(outage.since.hour, outage.until.hour) for outage in outages(rows)] == [(3, 5), (11, 12)]


def test_deliveries_we_did_not_take_stand_beside_their_hour(shop: AnyConnection) -> None:
    count(shop, START, refused=7, unavailable=4, appended=5)

    rows = ledger(shop, since=START, until=START + timedelta(hours=1))

    assert [(row["failures"], row["refusals"], row["last_failure_at"]) for row in rows] == [(4, 7, START)]


def test_a_refused_delivery_is_no_failure_and_has_no_last_failure(shop: AnyConnection) -> None:
    count(shop, START, unavailable=1)
    count(shop, START + timedelta(minutes=5), refused=2)
    count(shop, START + timedelta(hours=1), refused=2)

    rows = ledger(shop, since=START, until=START + timedelta(hours=2))

    assert [(row["failures"], row["last_failure_at"]) for row in rows] == [(1, START), (0, None)]


def count(conn: AnyConnection, at: datetime, **outcomes: int) -> None:
    for outcome, deliveries in outcomes.items():
        values = (at, "stripe", outcome, deliveries)
        conn.execute("INSERT INTO delivery_counts VALUES (%s, %s, %s, %s)", values)


def alarms_of(conn: AnyConnection, now: datetime, kind: str) -> list[Alarm]:
    return [alarm for alarm in alarms(conn, now=now) if alarm.kind == kind]


@pytest.mark.parametrize(
    ("scope", "hours", "level"),
    [
        ("stripe:live", 24, None),
        ("stripe:live", 24 * 4, "warning"),
        ("stripe:live", 24 * 26, "error"),
        ("clerk", 3, None),
        ("clerk", 10, "warning"),
        ("clerk", 21, "error"),
    ],
)
def test_the_alarm_comes_before_the_window_closes(
    shop: AnyConnection, scope: str, hours: int, level: str | None
) -> None:
    world = DemoWorld(start=START, seed="one")
    world.join(first_name="Ada", last_name="Lee", email="ada@example.com")
    world.stripe.create_customer(email="ada@example.com")
    receive(shop, world.deliveries)
    now = START + timedelta(hours=hours)
    for source in ("stripe:live", "clerk"):
        finished = START if source == scope else now
        values = (source, finished, finished)
        shop.execute(
            "INSERT INTO reconcile_cursors (scope, finished_at, updated_at) VALUES (%s, %s, %s)", values
        )

    raised = alarms_of(shop, now, "window")

    assert [alarm.level for alarm in raised] == ([level] if level else [])
    if level == "error":
        assert ("28 hours" if scope == "clerk" else "30 days") in raised[0].message


def test_never_reconciled_is_said_once_there_is_something_to_miss(shop: AnyConnection) -> None:
    before = alarms_of(shop, START, "window")
    world = DemoWorld(start=START, seed="one")
    world.stripe.create_customer(email="ada@example.com")

    receive(shop, world.deliveries)

    assert before == []
    assert [alarm.source for alarm in alarms_of(shop, START, "window")] == ["stripe"]


def test_our_own_failures_are_an_error_and_guessers_a_warning(shop: AnyConnection) -> None:
    count(shop, START, appended=100, refused=90, unavailable=2)
    quiet = alarms_of(shop, START + timedelta(minutes=5), "failures")
    count(shop, START + timedelta(minutes=1), unavailable=6)

    assert quiet == []
    assert len(alarms_of(shop, START + timedelta(minutes=5), "failures")) == 1
    assert [alarm.level for alarm in alarms_of(shop, START + timedelta(minutes=5), "refusals")] == ["warning"]


def test_a_secret_rotated_wrongly_is_named(shop: AnyConnection) -> None:
    count(shop, START, refused=40, appended=1)

    alarm = alarms_of(shop, START + timedelta(minutes=5), "refusals")

    assert "signing secret" in alarm[0].message


def test_silence_is_measured_by_what_is_usual(shop: AnyConnection) -> None:
    world = a_day(START)
    receive(shop, world.deliveries)
    row = shop.execute("SELECT max(recorded_at) FROM events").fetchone()
    last = row[0] if row else START

    assert alarms_of(shop, last + timedelta(minutes=50), "silence") == []
    assert alarms_of(shop, last + timedelta(hours=2), "silence")[0].since == last
