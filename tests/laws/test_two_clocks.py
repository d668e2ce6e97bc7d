"""Time travel: the past answers what a database fed only those events would have said."""

from collections.abc import Iterable
from datetime import datetime
from itertools import product
from typing import Any

import psycopg
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from demo.deliveries import DemoDelivery
from events.append import append
from events.clock import EPOCH, MICROSECOND
from events.domain import plan_event, user_event
from events.domain.system import PlanPublished
from events.domain.user import IdentityLinked, IdentityUnlinked
from events.envelope import NewEvent
from projections.runner import Runner
from queries.explain import RULES, explain
from queries.history import history
from queries.profile import profile
from queries.timetravel import profile_at
from tests.databases import Server
from tests.laws.envelopes import envelope
from tests.projections.event_builders import clerk, instant, session, stripe
from tests.worlds import History, histories

Profile = dict[str, Any] | None  # Any: columns' values


def fed(conninfo: str, events: Iterable[NewEvent]) -> list[datetime]:
    """Append the events one by one and project them; when each was recorded."""
    with psycopg.connect(conninfo, autocommit=True) as conn:
        recorded = [append(conn, event).recorded_at for event in events]
    Runner(lambda: psycopg.connect(conninfo, autocommit=True)).drain()
    return recorded


def profiles(conninfo: str, users: Iterable[str]) -> dict[str, Profile]:
    with psycopg.connect(conninfo) as conn:
        return {user: comparable(profile(conn, user)) for user in users}


def comparable(columns: Profile) -> Profile:
    """Without the quarantine's event id: another database gives the event another one."""
    return columns and {name: cell for name, cell in columns.items() if name != "quarantine"}


def ordered_events(history_: History, order: int) -> list[NewEvent]:
    """All events in some order: the world's, plans that change, and an operator's second thoughts."""
    deliveries: list[DemoDelivery] = history_.shuffled(order)
    events = [envelope(delivery) for delivery in deliveries]
    middle = sorted(event.occurred_at for event in events)[len(events) // 2]
    events.insert(len(events) // 3, published("glow_up", 5, at=EPOCH))
    events.insert(2 * len(events) // 3, published("glow_up", 50, at=middle))
    customers = sorted({e.route_key for e in events if e.aggregate_type == "stripe_customer"})
    for user, customer in zip(sorted(history_.truths), customers, strict=False):
        linked, unlinked = IdentityLinked(customer_id=customer), IdentityUnlinked(customer_id=customer)
        key = f"{customer}:{user}"
        events.append(user_event(linked, user_id=user, now=middle, idempotency_key=f"link:{key}"))
        late = middle + MICROSECOND
        events.append(user_event(unlinked, user_id=user, now=late, idempotency_key=f"unlink:{key}"))
    return events + successions(sorted(history_.truths), customers, middle)


def successions(users: list[str], customers: list[str], at: datetime) -> list[NewEvent]:
    """Every customer is claimed for each user by a reference, and the first user is deleted before that."""
    since = (at - instant(0)).total_seconds()
    paid = [
        stripe(
            "checkout.session.completed",
            session(id=f"cs_{n}", customer=customer, client_reference_id=user),
            at=since + n,
        )
        for n, (user, customer) in enumerate(product(users, customers))
    ]
    return [*paid, clerk("user.deleted", {"id": users[0], "deleted": True}, at=since)]


def published(plan: str, campaigns: int, *, at: datetime) -> NewEvent:
    fact = PlanPublished(
        plan_key=plan,
        plan_name=plan,
        campaigns_limit=campaigns,
        creators_limit=10,
        stripe_price_id_monthly=f"price_{plan}_monthly",
    )
    return plan_event(fact, now=at, idempotency_key=f"plan:{plan}:{campaigns}")


SOME = settings(max_examples=8, deadline=None, suppress_health_check=list(HealthCheck))


@SOME
@given(history_=histories(max_users=2), order=st.integers(0, 999), cut=st.floats(0, 1))
def test_as_of_equals_a_database_fed_only_what_had_happened(
    server: Server, template: str, history_: History, order: int, cut: float
) -> None:
    events = ordered_events(history_, order)
    instants = sorted(event.occurred_at for event in events)
    as_of = instants[round(cut * (len(instants) - 1))]
    whole, fresh = server.database(template), server.database(template)
    try:
        fed(whole.conninfo, events)
        fed(fresh.conninfo, [event for event in events if event.occurred_at <= as_of])

        with psycopg.connect(whole.conninfo) as conn:
            answers = {user: comparable(profile_at(conn, user, as_of=as_of)) for user in history_.truths}
        assert answers == profiles(fresh.conninfo, history_.truths)
    finally:
        whole.drop()
        fresh.drop()


@SOME
@given(history_=histories(max_users=2), order=st.integers(0, 999), cut=st.floats(0, 1))
def test_known_at_equals_a_database_fed_only_what_was_recorded(
    server: Server, template: str, history_: History, order: int, cut: float
) -> None:
    events = ordered_events(history_, order)
    last = round(cut * (len(events) - 1))
    whole, fresh = server.database(template), server.database(template)
    try:
        known_at = fed(whole.conninfo, events)[last]
        fed(fresh.conninfo, events[: last + 1])

        with psycopg.connect(whole.conninfo) as conn:
            answers = {
                user: comparable(profile_at(conn, user, known_at=known_at)) for user in history_.truths
            }
        assert answers == profiles(fresh.conninfo, history_.truths)
    finally:
        whole.drop()
        fresh.drop()


@SOME
@given(history_=histories(max_users=2), order=st.integers(0, 999))
def test_history_and_explanation_end_in_the_profile(
    server: Server, template: str, history_: History, order: int
) -> None:
    database = server.database(template)
    try:
        fed(database.conninfo, ordered_events(history_, order))

        with psycopg.connect(database.conninfo) as conn:
            for user in history_.truths:
                shown = profile(conn, user)
                steps = history(conn, user)
                if shown is None or steps is None:
                    assert (shown, steps) == (None, None)
                    continue
                last: dict[str, Any] = {}  # Any: columns' values
                for step in steps:
                    for change in step["changes"]:
                        if change["table"] == "users" or change["column"] != "user_id":
                            assert change["old"] == last.get(change["column"])
                            last[change["column"]] = change["new"]
                assert last.items() <= shown.items()
                for column in RULES:
                    why = explain(conn, user, column)
                    assert why is not None
                    assert why["value"] == shown[column]
                    if column == "stripe_customer_id" and why["value"] is not None:
                        assert why["occurred_at"] >= first_heard(conn, why["value"])
    finally:
        database.drop()


def first_heard(conn: psycopg.Connection[tuple[Any, ...]], customer_id: str) -> datetime:  # Any: columns
    """When anything first said that customer's name."""
    query = "SELECT min(occurred_at) FROM events WHERE event_data::text LIKE %s"
    row = conn.execute(query, [f"%{customer_id}%"]).fetchone()
    assert row is not None
    earliest: datetime = row[0]
    return earliest
