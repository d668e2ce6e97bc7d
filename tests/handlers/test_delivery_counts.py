"""Deliveries are counted beside their path, and none of them is lost or held up by the counting."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import psycopg
import pytest
from psycopg import Connection
from psycopg_pool import ConnectionPool

from handlers import delivery_counts
from handlers.delivery_counts import KEPT, MAX_REPEATS, DeliveryCounts
from queries.deliveries import outcomes, repeats_among

NOW = datetime(2026, 3, 3, 12, 0, 30, tzinfo=UTC)
HOUR = timedelta(hours=1)

Pool = ConnectionPool[Connection[Any]]  # Any: whatever row factory


def counted(pool: Pool) -> dict[str, int]:
    with pool.connection() as conn:
        report = outcomes(conn, since=NOW - HOUR, until=NOW + HOUR, width=HOUR)
    return {name: sum(counts) for name, counts in report.counts.items()}


def test_two_processes_add_up(pool: Pool) -> None:
    first, second = (DeliveryCounts(pool.connection, lambda: NOW) for _ in range(2))
    for counts in (first, second, first):
        counts.note("stripe", "appended", uuid4())
        counts.flush()

    assert counted(pool) == {"appended": 3}


def test_repeats_are_told_by_event(pool: Pool) -> None:
    event, counts = uuid4(), DeliveryCounts(pool.connection, lambda: NOW)
    for _ in range(2):
        counts.note("stripe", "duplicate", event)
        counts.note("stripe", "duplicate", event)
        counts.flush()

    with pool.connection() as conn:
        row = repeats_among(conn, [event, uuid4()])[event]
    assert (row["times"], row["last_at"]) == (4, NOW)


def test_what_cannot_be_written_waits(pool: Pool) -> None:
    event, away = uuid4(), [True]

    @contextmanager
    def connect() -> Iterator[Connection[Any]]:
        if away[0]:
            raise psycopg.OperationalError
        with pool.connection() as conn:
            yield conn

    counts = DeliveryCounts(connect, lambda: NOW)
    counts.note("clerk", "duplicate", event)
    with pytest.raises(psycopg.OperationalError):
        counts.flush()
    counts.note("clerk", "duplicate", event)
    away[0] = False
    counts.flush()

    assert counted(pool) == {"duplicate": 2}
    with pool.connection() as conn:
        assert repeats_among(conn, [event])[event]["times"] == 2


def test_a_flood_of_repeats_stays_in_bounds(pool: Pool) -> None:
    counts = DeliveryCounts(pool.connection, lambda: NOW)
    for _ in range(MAX_REPEATS + 5):
        counts.note("stripe", "duplicate", uuid4())
    counts.flush()

    assert counted(pool) == {"duplicate": MAX_REPEATS + 5}


def test_the_last_ones_are_written_at_the_end_and_nobody_waits_for_a_pool_that_is_closed(pool: Pool) -> None:
    counts = DeliveryCounts(pool.connection, lambda: NOW)
    counts.note("stripe", "appended", None)
    counts.stop()
    assert counted(pool) == {"appended": 1}

    counts.note("stripe", "appended", None)
    pool.close()
    counts.stop()


def test_the_thread_ends_with_its_pool(pool: Pool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(delivery_counts, "FLUSH_S", 0.01)
    counts = DeliveryCounts(pool.connection, lambda: NOW)
    counts.note("stripe", "appended", None)
    pool.close()

    thread = counts.start()
    thread.join(10)

    assert not thread.is_alive()


def test_old_minutes_are_forgotten(pool: Pool) -> None:
    at = [NOW - KEPT - HOUR]
    counts = DeliveryCounts(pool.connection, lambda: at[0])
    counts.note("stripe", "appended", None)
    counts.flush()
    at[0] = NOW
    counts.note("stripe", "appended", None)
    counts.flush()

    with pool.connection() as conn:
        assert conn.execute("SELECT count(*) FROM delivery_counts").fetchone() == (1,)
