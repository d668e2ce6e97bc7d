"""The log under many real connections: storms, readers beside writers, rollbacks, killed sessions."""

from collections.abc import Callable
from contextlib import closing
from datetime import datetime
from functools import partial
from random import Random
from threading import Event, Timer
from typing import Any

import psycopg
import pytest
from psycopg import Connection

from events.append import append, append_all
from events.envelope import Appended
from events.routing import part_of
from tests.events.sample_events import (
    Conn,
    all_at_once,
    assert_no_gaps,
    connected,
    event,
    routes_of_one_part,
)

READER = (
    "SELECT position, idempotency_key FROM events WHERE part = %s AND position > %s ORDER BY position LIMIT 7"
)


def good(answers: list[Any]) -> list[Appended]:
    """Every writer's answers; one that failed fails the test."""
    appended: list[Appended] = []
    for answer in answers:
        if isinstance(answer, BaseException):
            raise answer
        appended += answer
    return appended


def in_own_transactions(conn: Conn, keys: list[str], routes: Callable[[str], str]) -> list[Appended]:
    answers = []
    for key in keys:
        answers.append(append(conn, event(key, route=routes(key))))
        conn.commit()
    return answers


def shuffled(keys: list[str], seed: int) -> list[str]:
    order = keys.copy()
    Random(seed).shuffle(order)
    return order


@pytest.mark.parametrize("one_part", [True, False])
def test_duplicate_storm_leaves_one_row_per_key(conninfo: str, conn: Connection[Any], one_part: bool) -> None:
    """Thirty-two connections, the same fifty keys, each in another order."""
    keys = [f"evt_{number}" for number in range(50)]
    chosen = routes_of_one_part(5)

    def route(key: str) -> str:
        return chosen[int(key[4:]) % 5] if one_part else f"cus_{key}"

    works = [
        partial(connected, conninfo, partial(in_own_transactions, keys=shuffled(keys, n), routes=route))
        for n in range(32)
    ]
    answers = good(all_at_once(works))

    assert assert_no_gaps(conn) == 50
    outcomes = [answer.outcome for answer in answers]
    assert (outcomes.count("appended"), outcomes.count("duplicate")) == (50, 31 * 50)
    assert len({(answer.id, answer.part, answer.position) for answer in answers}) == 50


def test_different_bodies_racing_for_one_key_leave_one_event_and_the_rest_as_evidence(
    conninfo: str, conn: Connection[Any]
) -> None:
    def append_one(number: int) -> Callable[[Conn], list[Appended]]:
        def work(own: Conn) -> list[Appended]:
            answer = append(own, event("evt_1", payload=f'{{"n": {number}}}'))
            own.commit()
            return [answer]

        return work

    answers = good(all_at_once([partial(connected, conninfo, append_one(number)) for number in range(16)]))

    assert sorted(answer.outcome for answer in answers) == ["appended"] + ["conflict"] * 15
    assert assert_no_gaps(conn) == 1
    assert conn.execute("SELECT count(*) FROM event_conflicts").fetchone() == (15,)


def test_batches_across_parts_never_wait_in_a_ring(conninfo: str, conn: Connection[Any]) -> None:
    """Each transaction touches thirty parts, asked for in another order by each writer."""
    events = [event(f"evt_{number}", route=f"cus_{number}") for number in range(40)]

    def work(seed: int, own: Conn) -> list[Appended]:
        answers: list[Appended] = []
        for attempt in range(3):
            order = events.copy()
            Random(seed * 10 + attempt).shuffle(order)
            answers += append_all(own, order[:30])
            own.commit()
        return answers

    answers = good(all_at_once([partial(connected, conninfo, partial(work, seed)) for seed in range(12)]))

    assert assert_no_gaps(conn) == len({answer.id for answer in answers}) <= 40


def test_positions_are_commit_order_inside_a_part(conninfo: str) -> None:
    """Who comes second waits for the first: a reader never sees a later position alone."""
    a, b = routes_of_one_part(2)
    with closing(psycopg.connect(conninfo)) as first, closing(psycopg.connect(conninfo)) as second:
        assert append(first, event("evt_1", route=a)).position == 1
        second.execute("SET lock_timeout = '200ms'")
        with pytest.raises(psycopg.errors.LockNotAvailable):
            append(second, event("evt_2", route=b))
        second.rollback()
        first.rollback()

        assert append(second, event("evt_2", route=b)).position == 1


def test_who_waited_for_a_head_was_recorded_when_it_was_free(conninfo: str) -> None:
    with closing(psycopg.connect(conninfo)) as first, closing(psycopg.connect(conninfo)) as second:
        append(first, event("evt_1"))
        freed: list[datetime] = []

        def free() -> None:
            row = first.execute("SELECT clock_timestamp()").fetchone()
            assert row is not None
            freed.append(row[0])
            first.rollback()

        freeing = Timer(0.2, free)
        freeing.start()
        late = append(second, event("evt_2"))
        freeing.join()

    assert late.position == 1
    assert late.recorded_at >= freed[0]


def test_duplicate_waits_for_the_one_that_may_roll_back(conninfo: str, conn: Connection[Any]) -> None:
    with closing(psycopg.connect(conninfo)) as first:
        append(first, event("evt_1"))
        started = Event()

        def second(own: Conn) -> list[Appended]:
            started.set()
            answer = append(own, event("evt_1"))
            own.commit()
            return [answer]

        def roll_back() -> list[Appended]:
            started.wait()
            first.rollback()
            return []

        answers = good(all_at_once([partial(connected, conninfo, second), roll_back]))

    assert [answer.outcome for answer in answers] == ["appended"]
    assert assert_no_gaps(conn) == 1


class Writers:
    """They dawdle, roll back and are killed in the middle."""

    def __init__(self, conninfo: str, routes: list[str]) -> None:
        self.conninfo = conninfo
        self.routes = routes
        self.done = Event()

    def run(self) -> None:
        try:
            answers = all_at_once([partial(self._write, seed) for seed in range(8)])
        finally:
            self.done.set()
        assert answers == [None] * 8

    def _write(self, seed: int) -> None:
        random = Random(seed)
        conn = psycopg.connect(self.conninfo)
        for number in range(40):
            try:
                self._one(conn, f"evt_{seed}_{number}", random)
            except psycopg.OperationalError:
                conn.close()
                conn = psycopg.connect(self.conninfo)
        conn.close()

    def _one(self, conn: Conn, key: str, random: Random) -> None:
        fate = random.random()
        append(conn, event(key, route=random.choice(self.routes)))
        if fate < 0.3:
            append(conn, event(f"{key}_b", route=random.choice(self.routes)))
        if fate < 0.5:
            conn.execute("SELECT pg_sleep(%s)", [random.random() / 200])
        if fate < 0.15:
            conn.rollback()
        elif fate < 0.25:
            conn.execute("SELECT pg_terminate_backend(pg_backend_pid())")
        else:
            conn.commit()


def follow(conninfo: str, part: int, done: Event, *, seed: int) -> list[tuple[int, str]]:
    """All a reader saw that only ever asked for position > ?, until the writers were done."""
    random = Random(seed)
    seen: list[tuple[int, str]] = []
    with closing(psycopg.connect(conninfo, autocommit=True)) as conn:
        while True:
            last_round = done.is_set()
            rows = conn.execute(READER, [part, seen[-1][0] if seen else 0]).fetchall()
            seen += rows
            if last_round and not rows:
                return seen
            conn.execute("SELECT pg_sleep(%s)", [random.random() / 100])


def test_readers_beside_writers_miss_nothing_and_see_nothing_twice(
    conninfo: str, conn: Connection[Any]
) -> None:
    writers = Writers(conninfo, routes_of_one_part(3))
    part = part_of(writers.routes[0])
    readers = [partial(follow, conninfo, part, writers.done, seed=seed) for seed in range(4)]
    seen = all_at_once([writers.run, *readers])
    logged = conn.execute("SELECT position, idempotency_key FROM events ORDER BY position").fetchall()

    assert 100 < assert_no_gaps(conn) == len(logged)
    assert seen == [None, logged, logged, logged, logged]


def test_killed_writer_frees_its_part_at_once(conninfo: str, conn: Connection[Any]) -> None:
    victim = psycopg.connect(conninfo)
    append(victim, event("evt_1"))
    conn.execute("SELECT pg_terminate_backend(%s)", [victim.info.backend_pid])
    victim.close()

    assert append(conn, event("evt_2")).position == 1
    conn.commit()
    assert assert_no_gaps(conn) == 1
