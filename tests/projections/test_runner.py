"""The runner on real Postgres: killed, cut off, raced, and still the tables are the fold of the log."""

import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from random import Random
from threading import Event, Thread
from typing import Any

import psycopg
import pytest

from demo.history import make_world
from events import livemode
from events.domain import user as user_events
from events.envelope import NewEvent
from projections.facts import Fact
from projections.projector import Projector
from projections.runner import REFRESH_AFTER, Runner
from projections.state import State
from projections.tables import registry
from tests.laws.envelopes import envelope
from tests.laws.projected import assert_projected, refold, runner, session, tables_in
from tests.projections.event_builders import (
    CUSTOMER,
    DAY,
    USER,
    clerk,
    customer,
    linked,
    own,
    price,
    published,
    stripe,
    subscription,
    user,
)
from tests.projections.live import ask, assert_true, lag, tell, wait_for
from tests.projections.model import DEFAULT_PLANS, profile

pytestmark = pytest.mark.usefixtures("live_events_only")

ROOT = Path(__file__).parent.parent.parent
OTHER = "user_bob"
LINK = own(user_events.IdentityLinked(customer_id=CUSTOMER), at=5)
UNLINK = own(user_events.IdentityUnlinked(customer_id=CUSTOMER), at=6)
BOUGHT = stripe("customer.subscription.created", subscription(), at=1)
SIGNED_UP = clerk("user.created", user(), at=2)
HELLO = clerk("user.created", user(OTHER), at=3)


def shop(seed: int, people: int = 15) -> list[NewEvent]:
    """Months of a few people's lives, the plans first."""
    return [
        *DEFAULT_PLANS,
        *(envelope(delivery) for delivery in make_world(seed, people, days=90).deliveries),
    ]


@contextmanager
def process(conninfo: str) -> Iterator["subprocess.Popen[bytes]"]:
    """A projector of its own."""
    running = subprocess.Popen([sys.executable, "-m", "tests.projections.worker", conninfo], cwd=ROOT)
    try:
        yield running
    finally:
        running.kill()
        running.wait()


def test_rows_states_and_checkpoints_are_committed_together(conninfo: str) -> None:
    tell(conninfo, *DEFAULT_PLANS, linked())
    with session(conninfo) as conn, conn.transaction(force_rollback=True):
        Projector().project(conn, parts=64, limit=100)
        assert conn.execute("SELECT count(*) FROM users").fetchone() == (1,)
    counts = [ask(conninfo, f"SELECT count(*) FROM {table}")[0] for table in ("users", "projection_states")]

    assert counts == [0, 0]
    assert set(ask(conninfo, "SELECT position FROM projection_checkpoints")) == {0}
    runner(conninfo).drain()
    assert_true(conninfo, linked())


def test_killed_at_any_moment_nothing_is_lost_or_counted_twice(conninfo: str) -> None:
    """Kill -9, again and again, while events come in; then whatever is left is projected."""
    events = shop(seed=11)
    random = Random(11)
    random.shuffle(events)
    rounds = 6
    for number in range(rounds):
        tell(conninfo, *events[number::rounds])
        before = lag(conninfo)
        with process(conninfo):
            wait_for(lambda: lag(conninfo) < before, timeout_s=20)  # noqa: B023 asked at once
            Event().wait(random.random() / 5)
    runner(conninfo).drain()

    assert_projected(conninfo, events, "")


def test_another_process_takes_over_from_a_killed_one(conninfo: str) -> None:
    events = shop(seed=12)
    with process(conninfo) as first, process(conninfo), process(conninfo):
        tell(conninfo, *DEFAULT_PLANS)
        wait_for(lambda: lag(conninfo) == 0, timeout_s=30)
        tell(conninfo, *events)
        before = lag(conninfo)
        wait_for(lambda: lag(conninfo) < before, timeout_s=20)
        first.kill()
        tell(conninfo, own(user_events.OnboardingStarted()))
        wait_for(lambda: lag(conninfo) == 0, timeout_s=30)

    assert_projected(conninfo, [*events, own(user_events.OnboardingStarted())], "")


def test_claims_of_a_killed_session_are_free_at_once(conninfo: str) -> None:
    tell(conninfo, *DEFAULT_PLANS, linked())
    with session(conninfo) as dying, closing(psycopg.connect(conninfo, autocommit=True)) as admin:
        dying.execute("BEGIN")
        Projector().project(dying, parts=64, limit=100)
        assert runner(conninfo).drain() == 0
        admin.execute("SELECT pg_terminate_backend(%s)", [dying.info.backend_pid])

    wait_for(lambda: runner(conninfo).drain() > 0, timeout_s=5)
    assert_true(conninfo, linked())


def test_cut_connection_is_made_again(conninfo: str) -> None:
    stop, pids = Event(), list[int]()

    def connect() -> Any:
        conn = psycopg.connect(conninfo, autocommit=True)
        pids.append(conn.info.backend_pid)
        return conn

    following = Thread(target=Runner(connect).run, args=[stop])
    following.start()
    try:
        with closing(psycopg.connect(conninfo, autocommit=True)) as admin:
            for number in range(3):
                wait_for(lambda: len(pids) > number, timeout_s=10)  # noqa: B023 asked at once
                admin.execute("SELECT pg_terminate_backend(%s)", [pids[-1]])
                tell(conninfo, linked(user_id=f"user_{number}", customer_id=f"cus_{number}"))
                wait_for(lambda: lag(conninfo) == 0, timeout_s=10)
    finally:
        stop.set()
        following.join(timeout=20)

    assert not following.is_alive()
    assert len(ask(conninfo, "SELECT 1 FROM users")) == 3


def test_projectors_side_by_side_never_lose_an_event(conninfo: str) -> None:
    """Four follow at once while a shop's history arrives shuffled."""
    events = shop(seed=13, people=25)
    Random(13).shuffle(events)
    stop = Event()
    crew = [
        Thread(target=runner(conninfo, parts=3, batch_events=12).run, args=[stop], name=f"projector {n}")
        for n in range(4)
    ]
    for projector in crew:
        projector.start()
    try:
        for start in range(0, len(events), 40):
            tell(conninfo, *events[start : start + 40])
        wait_for(lambda: lag(conninfo) == 0, timeout_s=60)
    finally:
        stop.set()
        for projector in crew:
            projector.join(timeout=20)
    runner(conninfo).drain()

    assert_projected(conninfo, events, "")


def test_poison_stops_one_user_and_a_mended_rule_heals_them(
    conninfo: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(state: State, fact: Fact) -> None:
        raise ZeroDivisionError

    events = [SIGNED_UP, own(user_events.PlanSelected(plan_key="glow_up"), at=5), HELLO]
    events.append(own(user_events.ProfileUpdated(industry="tea"), at=6))
    with monkeypatch.context() as patched:
        patched.setitem(registry.RULES, "plan.selected", (broken,))
        tell(conninfo, *DEFAULT_PLANS, *events)
        runner(conninfo).drain()
    query = "SELECT user_id || ' ' || event_type || ' ' || field || ' ' || reason FROM quarantine"

    assert ask(conninfo, query) == [f"{USER} plan.selected $ ZeroDivisionError in the projector"]
    with session(conninfo) as conn:
        rows = tables_in(conn, [USER, OTHER])
        assert rows[USER]["users"]["full_name"] == "Ada Lee"
        assert rows[USER]["users"]["industry"] is None
        assert rows[USER]["user_subscriptions"]["billing_sync_status"] == "error"
        assert rows[OTHER]["user_subscriptions"]["billing_sync_status"] == "pending"
        refold(conn, [USER])
    assert ask(conninfo, query) == []
    assert_true(conninfo, *events)


def test_rows_of_a_quarantined_user_are_the_same_however_delivered(conninfo: str) -> None:
    bad = clerk("user.updated", user(first_name=7), at=5)
    late = clerk("user.updated", user(first_name="Grace"), at=4)
    for event in (*DEFAULT_PLANS, clerk("user.updated", user(first_name="Zoë"), at=6), bad, SIGNED_UP, late):
        tell(conninfo, event)
        runner(conninfo).drain()

    with session(conninfo) as conn:
        assert tables_in(conn, [USER])[USER]["users"]["full_name"] == "Grace Lee"
    assert ask(conninfo, "SELECT field FROM quarantine") == ["$.data.first_name"]
    assert len(ask(conninfo, "SELECT 1 FROM users")) == 1


def test_poison_of_a_customer_taken_away_leaves_quarantine(conninfo: str) -> None:
    bad = stripe("customer.subscription.updated", subscription() | {"status": 7}, at=8)
    for wave in ([*DEFAULT_PLANS, BOUGHT, LINK, SIGNED_UP, bad], [UNLINK]):
        tell(conninfo, *wave)
        runner(conninfo).drain()

    assert ask(conninfo, "SELECT user_id FROM quarantine") == []
    assert_true(conninfo, BOUGHT, LINK, SIGNED_UP, bad, UNLINK)


def test_unknown_price_heals_when_its_plan_is_published_though_nothing_else_happens(conninfo: str) -> None:
    payload = subscription(price=price("price_new"))
    events = [linked(), stripe("customer.subscription.created", payload, at=1)]
    status = "SELECT current_plan || ' ' || billing_sync_status FROM user_subscriptions"
    tell(conninfo, *DEFAULT_PLANS, *events)
    runner(conninfo).drain()
    before = ask(conninfo, status)
    tell(conninfo, published("glow_up", monthly="price_new", at=DAY))
    runner(conninfo).drain()

    assert (before, ask(conninfo, status)) == (["free error"], ["glow_up synced"])


def test_new_plan_reaches_silent_users_though_the_log_is_never_idle(conninfo: str) -> None:
    payload = subscription(price=price("price_new"))
    tell(conninfo, *DEFAULT_PLANS, linked(), stripe("customer.subscription.created", payload, at=1))
    runner(conninfo).drain()
    tell(conninfo, published("glow_up", monthly="price_new", at=DAY))
    busy = runner(conninfo)
    with session(conninfo) as conn:
        for number in range(REFRESH_AFTER):
            tell(conninfo, own(user_events.OnboardingStarted(), user=f"user_{number}", at=number))
            busy.step(conn)

    query = "SELECT current_plan FROM user_subscriptions WHERE subscription_status = 'active'"
    assert ask(conninfo, query) == ["glow_up"]


def test_test_mode_touches_live_state_only_where_it_is_asked_for(conninfo: str) -> None:
    in_test = [
        stripe("customer.created", customer(), livemode=False),
        stripe("customer.subscription.created", subscription(), at=1, livemode=False),
    ]
    tell(conninfo, *DEFAULT_PLANS, *in_test)
    runner(conninfo).drain()

    assert ask(conninfo, "SELECT 1 FROM users") == []
    assert ask(conninfo, "SELECT 1 FROM customer_links") == []
    assert lag(conninfo) == 0
    with session(conninfo) as conn, conn.transaction():
        conn.execute("UPDATE projection_checkpoints SET position = 0")
    livemode.bind(live_only=False)
    Runner(lambda: psycopg.connect(conninfo, autocommit=True)).drain()
    assert_true(conninfo, *in_test)
    assert profile(*in_test)["subscription_status"] == "active"
