"""The law on real Postgres: however events are delivered, the tables are the fold of their set."""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from random import Random

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from events.append import append_all
from events.envelope import NewEvent
from events.statements import AnyConnection
from projections.runner import Runner
from tests.databases import Server
from tests.laws.envelopes import envelope
from tests.laws.own_events import own_events
from tests.laws.projected import (
    assert_projected,
    of_other_people,
    runner,
    session,
    tables_in,
)
from tests.projections.model import DEFAULT_PLANS
from tests.worlds import History, histories

ROOT = Path(__file__).parent.parent.parent
seeds = st.integers(0, 2**32)
on_postgres = settings(
    max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)


@pytest.fixture(scope="module")
def shared(server: Server, template: str) -> Iterator[str]:
    """A database with the catalog, for all examples here."""
    database = server.database(template)
    with session(database.conninfo) as conn, conn.transaction():
        append_all(conn, DEFAULT_PLANS)
    runner(database.conninfo).drain()
    yield database.conninfo
    database.drop()


def all_of(history: History) -> list[NewEvent]:
    """Test mode's events too: they are in the log, and in no table."""
    return [envelope(delivery) for delivery in history.deliveries] + history.own


class Delivery:
    """Random batches, each in a transaction that may first be lost; projected now and then."""

    def __init__(self, conninfo: str, random: Random) -> None:
        self.conninfo = conninfo
        self.random = random

    def deliver(self, events: list[NewEvent]) -> None:
        order = events + self.random.sample(events, k=len(events) // 3)
        self.random.shuffle(order)
        with session(self.conninfo) as conn, session(self.conninfo) as projecting:
            while order:
                size = self.random.choice((1, 2, 5, 40))
                self._append(conn, order[:size])
                del order[:size]
                if self.random.random() < 0.5:
                    self._some_runner().step(projecting)
        self._some_runner().drain()

    def _append(self, conn: AnyConnection, batch: list[NewEvent]) -> None:
        if self.random.random() < 0.2:
            with conn.transaction(force_rollback=True):
                append_all(conn, batch)
        with conn.transaction():
            append_all(conn, batch)

    def _some_runner(self) -> Runner:
        parts = self.random.choice((1, 3, 64))
        return runner(self.conninfo, parts=parts, batch_events=parts * self.random.choice((1, 4, 500)))


@on_postgres
@given(history=histories(own=own_events), seed=seeds)
def test_any_permutation_duplication_and_batching_gives_the_same_tables(
    shared: str, history: History, seed: int
) -> None:
    events, mark = of_other_people(all_of(history))
    Delivery(shared, Random(seed)).deliver(events)

    assert_projected(shared, events, mark)


@settings(on_postgres, max_examples=10)
@given(history=histories(), seed=seeds)
def test_tables_are_what_the_worlds_own_last_state_says(shared: str, history: History, seed: int) -> None:
    events, mark = of_other_people(all_of(history))
    Delivery(shared, Random(seed)).deliver(events)

    with session(shared) as conn:
        rows = tables_in(conn, [user_id + mark for user_id in history.truths])
    for user_id, truth in history.truths.items():
        columns = {name: cell for row in rows[user_id + mark].values() for name, cell in row.items()}
        for name, value in truth.certain.items():
            expected = f"{value}{mark}" if name == "stripe_customer_id" and value else value
            assert name == "user_id" or columns[name] == expected, (name, history)


@settings(on_postgres, max_examples=10)
@given(history=histories(own=own_events, max_users=2), seed=seeds, cut=st.floats(0, 1))
def test_late_events_come_out_as_if_they_had_been_in_time(
    shared: str, history: History, seed: int, cut: float
) -> None:
    """All but some are projected in order, then those that were held back."""
    events, mark = of_other_people(all_of(history))
    random = Random(seed)
    late = [event for event in events if random.random() < cut]
    with session(shared) as conn:
        for wave in ([event for event in events if event not in late], late):
            with conn.transaction():
                append_all(conn, wave)
            runner(shared).drain()

    assert_projected(shared, events, mark)


def test_hash_seed_makes_no_difference() -> None:
    """Sets and dictionaries of text are laid out by it, in every process anew."""
    script = "from tests.laws.hash_seed import digest; print(digest())"
    digests = {
        subprocess.run(
            [sys.executable, "-c", script],
            cwd=ROOT,
            env=os.environ | {"PYTHONHASHSEED": seed},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for seed in ("0", "1", "4242")
    }

    assert len(digests) == 1
    assert len(digests.pop()) == 65
