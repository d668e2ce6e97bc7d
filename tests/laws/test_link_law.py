"""Links on real Postgres: whatever order claims come in, links, rows and every moment of every history
are what an oracle says that was written without the projector."""

from collections.abc import Iterable, Iterator
from pathlib import Path
from random import Random
from typing import Any, NamedTuple

import psycopg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from events.append import append_all
from events.domain.user import IdentityLinked, IdentityUnlinked
from events.envelope import NewEvent
from projections.replay import Options, compare
from queries.history import history
from queries.timetravel import profile_at
from tests.databases import Server
from tests.laws.projected import assert_projected, of_other_people, runner, session
from tests.projections.event_builders import (
    clerk,
    customer,
    instant,
    own,
    stripe,
    subscription,
    user,
)
from tests.projections.event_builders import session as checkout
from tests.projections.model import DEFAULT_PLANS

USERS = ("user_aaaaaaaaaaaa1", "user_bbbbbbbbbbbb2", "user_cccccccccccc3")
OBJECTS = ("customer", "sub_one", "sub_two")
BUYER = "cus_aaaaaaaaaaaa1"

on_postgres = settings(
    max_examples=20, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)


class Step(NamedTuple):
    """What happens at one second: who says what. `target` is an object, "session" or "operator"."""

    what: str
    target: str
    user: str | None


steps = st.lists(
    st.one_of(
        st.builds(Step, st.just("says"), st.sampled_from(OBJECTS), st.sampled_from([None, *USERS])),
        st.builds(Step, st.just("repeats"), st.sampled_from(OBJECTS), st.none()),
        st.builds(Step, st.sampled_from(["refers", "names"]), st.just("session"), st.sampled_from(USERS)),
        st.builds(Step, st.sampled_from(["links", "unlinks"]), st.just("operator"), st.sampled_from(USERS)),
        st.builds(Step, st.just("deleted"), st.just("clerk"), st.sampled_from(USERS)),
    ),
    min_size=1,
    max_size=12,
)


class Oracle:
    """Who owns the customer, second by second: every claim that stands, and the strongest of them."""

    def __init__(self) -> None:
        self.words: dict[str, tuple[int, str | None]] = {}
        self.sessions: list[tuple[int, str]] = []
        self.references: list[tuple[int, str]] = []
        self.yes: dict[str, int] = {}
        self.no: dict[str, int] = {}
        self.deleted: dict[str, int] = {}
        self.latest: dict[str, int] = {}
        self.owners: list[tuple[int, str | None]] = []

    def live(self, plan: list[Step], *, pace: int = 10) -> list[NewEvent]:
        """Note what each step means for the owner, and tell it as a provider would. With a pace of 0
        everything happens in one second, of which the oracle knows nothing."""
        events: list[NewEvent] = []
        for number, step in enumerate(plan):
            events += self._take(number * pace, step)
            self.owners.append((number * pace, self._next_owner()))
        return events

    def owner(self) -> str | None:
        return self.owners[-1][1] if self.owners else None

    def _next_owner(self) -> str | None:
        """Living users first. A deleted owner yields only to a claim later than all of their own."""
        owner, standing = self.owner(), self._standing()
        live = [claim for claim in standing if not self._is_weak(*claim)]
        if owner in self.deleted and not self._is_refused(owner) and owner not in {c[2] for c in live}:
            later = [claim for claim in live if claim[1] > self.latest[owner]]
            return max(later)[2] if later else owner
        return max(live or standing)[2] if standing else None

    def _standing(self) -> list[tuple[int, int, str]]:
        """Rank, instant and user of every claim that an operator's no does not refuse."""
        words = [(at, name) for at, name in self.words.values() if name is not None]
        by_operator = [(at, name) for name, at in self.yes.items()]
        ranked = [(3, by_operator), (2, words + self.sessions), (1, self.references)]
        return [
            (rank, at, name) for rank, entries in ranked for at, name in entries if not self._is_refused(name)
        ]

    def _is_refused(self, name: str) -> bool:
        return name in self.no and self.yes.get(name, -1) < self.no[name]

    def _is_weak(self, rank: int, at: int, name: str) -> bool:
        return name in self.deleted and not (rank == 3 and at > self.deleted[name])

    def owner_at(self, at: int) -> str | None:
        return [name for since, name in self.owners if since <= at][-1]

    def _take(self, at: int, step: Step) -> list[NewEvent]:
        if step.what in ("says", "repeats"):
            return self._snapshot(at, step)
        assert step.user is not None
        if step.what == "deleted":
            self.deleted.setdefault(step.user, at)
            return [clerk("user.deleted", {"id": step.user, "deleted": True}, at=at)]
        if step.what != "unlinks":
            self.latest[step.user] = at
        if step.what in ("refers", "names"):
            return [self._session(at, step)]
        (self.yes if step.what == "links" else self.no)[step.user] = at
        fact_type = IdentityLinked if step.what == "links" else IdentityUnlinked
        return [own(fact_type(customer_id=BUYER), user=step.user, at=at)]

    def _session(self, at: int, step: Step) -> NewEvent:
        assert step.user is not None
        naming: dict[str, Any] = {"metadata": {"userId": step.user}}  # Any: JSON values
        if step.what == "refers":
            naming = {"client_reference_id": step.user}
        (self.references if step.what == "refers" else self.sessions).append((at, step.user))
        payload = checkout(id=f"cs_{at}", customer=BUYER, **naming)
        return stripe("checkout.session.completed", payload, at=at)

    def _snapshot(self, at: int, step: Step) -> list[NewEvent]:
        last = self.words.get(step.target)
        before = last[1] if last else None
        now = before if step.what == "repeats" else step.user
        if last is None or now != before:
            self.words[step.target] = (at, now)
            if now is not None:
                self.latest[now] = at
        return [_snapshot(at, step.target, before, now, is_first=last is None)]


def _snapshot(at: int, target: str, before: str | None, now: str | None, *, is_first: bool) -> NewEvent:
    metadata = {} if now is None else {"userId": now}
    was: dict[str, Any] = {} if now == before else {"metadata": {"userId": before}}  # Any: JSON values
    was["description"] = f"before {at}"
    if target == "customer":
        kind, payload = "customer", customer(BUYER, metadata=metadata)
    else:
        payload = subscription(id=target, customer=BUYER, metadata=metadata)
        kind = "customer.subscription"
    what = "created" if is_first else "updated"
    return stripe(f"{kind}.{what}", payload, at=at, was=None if is_first else was)


@pytest.fixture(scope="module")
def shared(server: Server, template: str) -> Iterator[str]:
    """A database with the catalog, for all examples here."""
    database = server.database(template)
    with session(database.conninfo) as conn, conn.transaction():
        append_all(conn, DEFAULT_PLANS)
    runner(database.conninfo).drain()
    yield database.conninfo
    database.drop()


def deliver(conninfo: str, events: Iterable[NewEvent], random: Random) -> None:
    """In any order and batches, some twice."""
    order = list(events)
    order += random.sample(order, k=len(order) // 3)
    random.shuffle(order)
    with session(conninfo) as conn, session(conninfo) as projecting:
        while order:
            size = random.choice((1, 2, 5))
            with conn.transaction():
                append_all(conn, order[:size])
            del order[:size]
            if random.random() < 0.6:
                runner(conninfo, parts=random.choice((1, 64))).step(projecting)
    runner(conninfo).drain()


@on_postgres
@given(plan=steps, seed=st.integers(0, 2**32))
def test_links_are_the_oracles_at_every_second_and_in_every_history(
    shared: str, plan: list[Step], seed: int
) -> None:
    oracle = Oracle()
    events = [clerk("user.created", user(name), at=-60) for name in USERS]
    all_events, mark = of_other_people([*events, *oracle.live(plan)])
    deliver(shared, all_events, Random(seed))

    assert_projected(shared, all_events, mark)
    with psycopg.connect(shared, autocommit=True) as conn:
        row = conn.execute("SELECT user_id FROM customer_links WHERE customer_id = %s", [BUYER + mark])
        owner_row = row.fetchone()
        assert (owner_row[0] if owner_row else None) == _marked(oracle.owner(), mark)
        for name in USERS:
            assert_told_as_lived(conn, _marked(name, mark) or name, oracle, mark, len(plan))


def assert_told_as_lived(
    conn: psycopg.Connection[Any],
    name: str,
    oracle: Oracle,
    mark: str,
    seconds: int,  # Any: any rows
) -> None:
    """At each second the profile has the customer if they were theirs, and the history says just that."""
    steps = history(conn, name) or []
    for at in range(0, seconds * 10, 10):
        shown = profile_at(conn, name, as_of=instant(at)) or {}
        theirs = _marked(oracle.owner_at(at), mark) == name
        assert (shown.get("stripe_customer_id") == BUYER + mark) is theirs
        columns: dict[str, Any] = {}  # Any: columns' values
        for step in steps:
            if step["occurred_at"] <= instant(at):
                columns |= {change["column"]: change["new"] for change in step["changes"]}
        expected = {name: value for name, value in columns.items() if value is not None}
        assert expected.items() <= shown.items()
        common = shown.keys() & columns.keys()
        assert {name: shown[name] for name in common} == {name: columns[name] for name in common}


def _marked(name: str | None, mark: str) -> str | None:
    return None if name is None else f"{name}{mark}"


@settings(on_postgres, max_examples=8)
@given(plans=st.lists(steps, min_size=1, max_size=4), seed=st.integers(0, 2**32))
def test_a_replay_links_as_the_live_projector(
    shared: str, tmp_path: Path, plans: list[list[Step]], seed: int
) -> None:
    random = Random(seed)
    all_events = [
        event
        for plan in plans
        for event in of_other_people(Oracle().live(plan, pace=random.choice((0, 10))))[0]
    ]
    deliver(shared, all_events, random)

    options = Options(work_dir=tmp_path, workers=1, range_pages=1, bucket_events=20)
    assert compare(shared, options=options).differences == []
