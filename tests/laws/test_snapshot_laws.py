"""Fold snapshots on real Postgres: kept states change nothing but the time a late event takes."""

from collections.abc import Iterator
from datetime import datetime
from random import Random

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from events.append import append_all
from events.envelope import NewEvent
from events.statements import AnyConnection
from projections import fold, refolding, snapshots
from queries.explain import RULES, explain
from queries.history import Json, history_page
from queries.history import history as history_of
from queries.history_at import load_history
from queries.timeline import timeline
from queries.timetravel import flat, profile_at
from tests.databases import Server
from tests.laws.envelopes import envelope
from tests.laws.own_events import own_events
from tests.laws.projected import assert_projected, of_other_people, refold, runner, session
from tests.projections.model import DEFAULT_PLANS
from tests.worlds import History, histories

on_postgres = settings(
    max_examples=20,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)


@pytest.fixture(scope="module", autouse=True)
def often() -> Iterator[None]:
    """Every third instant is kept, three facts are a crowd, and a transaction folds so little again that
    most refolds take several."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(snapshots, "EVERY", 3)
        patch.setattr(fold, "LONGEST_TAIL", 2)
        patch.setattr(refolding, "SLICE", 6)
        patch.setattr(refolding, "SMALLEST_SLICE", 2)
        yield


@pytest.fixture(scope="module")
def shared(server: Server, template: str) -> Iterator[str]:
    """A database with the catalog, for all examples here."""
    database = server.database(template)
    with session(database.conninfo) as conn, conn.transaction():
        append_all(conn, DEFAULT_PLANS)
    runner(database.conninfo).drain()
    yield database.conninfo
    database.drop()


def deliver(conninfo: str, events: list[NewEvent], random: Random, *, losing: bool) -> None:
    """In any order and batches; with `losing`, snapshots get lost on the way."""
    order = events.copy()
    random.shuffle(order)
    with session(conninfo) as conn:
        while order:
            size = random.choice((1, 2, 5, 40))
            with conn.transaction():
                append_all(conn, order[:size])
            del order[:size]
            for _ in range(random.choice((0, 1, 1, 2))):
                runner(conninfo, parts=64, batch_events=64 * random.choice((1, 4, 500))).step(conn)
            if losing:
                conn.execute(
                    "DELETE FROM fold_snapshots WHERE hashtext(user_id || settled_at) %% 2 = %s", [size % 2]
                )
    runner(conninfo).drain()


def kept(conn: AnyConnection, mark: str) -> set[tuple[str, datetime, bytes]]:
    """User, instant and state of each snapshot of one example."""
    query = "SELECT user_id, settled_at, state FROM fold_snapshots WHERE user_id LIKE %s"
    return set(conn.execute(query, [f"%{mark}"]).fetchall())


def folded_whole(conn: AnyConnection, mark: str) -> set[tuple[str, datetime, bytes]]:
    """The same after each user's whole history was folded again in one go, beginning at no snapshot."""
    users = conn.execute(
        "SELECT user_id FROM projection_states WHERE user_id LIKE %s", [f"%{mark}"]
    ).fetchall()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(refolding, "SLICE", 100_000)
        refold(conn, [user for (user,) in users])
    return kept(conn, mark)


@on_postgres
@given(history=histories(own=own_events), seed=st.integers(0, 2**32))
def test_snapshots_are_the_states_that_the_whole_fold_passes(
    shared: str, history: History, seed: int
) -> None:
    events, mark = of_other_people(
        [event for event in [*map(envelope, history.deliveries), *history.own] if event.livemode]
    )
    deliver(shared, events, Random(seed), losing=False)

    with session(shared) as conn:
        assert kept(conn, mark) == folded_whole(conn, mark)
    assert_projected(shared, events, mark)


@on_postgres
@given(history=histories(own=own_events), seed=st.integers(0, 2**32))
def test_lost_snapshots_change_nothing(shared: str, history: History, seed: int) -> None:
    events, mark = of_other_people(
        [event for event in [*map(envelope, history.deliveries), *history.own] if event.livemode]
    )
    deliver(shared, events, Random(seed), losing=True)

    with session(shared) as conn:
        assert kept(conn, mark) <= folded_whole(conn, mark)
    assert_projected(shared, events, mark)


@on_postgres
@given(history=histories(own=own_events), seed=st.integers(0, 2**32))
def test_questions_that_begin_at_a_snapshot_are_answered_as_from_the_beginning(
    shared: str, history: History, seed: int
) -> None:
    events, mark = of_other_people(
        [event for event in [*map(envelope, history.deliveries), *history.own] if event.livemode]
    )
    random = Random(seed)
    deliver(shared, events, random, losing=False)

    with session(shared) as conn:
        for user in {user for user, *_ in kept(conn, mark)}:
            whole = history_of(conn, user)
            assert whole == in_pages(conn, user, random.randint(1, 5))
            steps = timeline(load_history(conn, user))
            for column in random.sample(sorted(RULES), 12):
                changes = [(s, c) for s in reversed(steps) for c in s.changes if c.column == column]
                why = explain(conn, user, column)
                assert why is not None
                chain = [(cause["event_id"], cause["value"]) for cause in (why, *why["earlier"])]
                expected = [(s.behind.get(column, s.entry).fact.id, c.new) for s, c in changes]
                expected = expected or [(steps[0].entry.fact.id, None)]
                assert chain == (expected if why["earlier_is_complete"] else expected[: len(chain)])
            for entry in random.sample(whole or [], min(4, len(whole or []))):
                at = entry["occurred_at"]
                known_at = random.choice((None, entry["recorded_at"]))
                loaded = load_history(conn, user, as_of=at, known_at=known_at)
                state = loaded.state()
                then = None if state is None else flat(state, loaded.catalog())
                assert profile_at(conn, user, as_of=at, known_at=known_at) == then


def in_pages(conn: AnyConnection, user: str, limit: int) -> list[Json] | None:
    entries: list[Json] = []
    after = None
    while page := history_page(conn, user, limit=limit, after=after):
        entries += page.items
        after = page.next
        if after is None:
            break
    return entries or None
