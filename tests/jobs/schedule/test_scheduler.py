"""One leads; what it wakes runs side by side; a clock that steps and a lost session do no harm."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from itertools import count
from threading import Event, Thread

import psycopg
import pytest

from events.clock import utc_now
from events.decision_clock import DecisionClock
from jobs.schedule import Scheduled, Scheduler, scheduler
from tests.jobs.schedule.sample_handlers import HOUR, connection, doing, make_marks, mark, marks

SECOND = timedelta(seconds=1)


@contextmanager
def running(
    conninfo: str, *handlers: Scheduled, clock: Callable[[], datetime] = utc_now
) -> Iterator[list[tuple[str, str]]]:
    """A scheduler in a thread; gives (handler, outcome) of its runs."""
    seen: list[tuple[str, str]] = []
    stop = Event()
    started = Scheduler(
        lambda: connection(conninfo),
        handlers,
        clock=clock,
        observe=lambda name, outcome, _: seen.append((name, outcome)),
    )
    thread = Thread(target=started.run, args=(stop,))
    thread.start()
    try:
        yield seen
    finally:
        stop.set()
        thread.join(20)
        assert not thread.is_alive()


def until(true: Callable[[], bool], *, within_s: float = 10.0) -> None:
    """Real threads and servers need real time; this waits no longer than they do."""
    deadline = time.monotonic() + within_s
    while not true():
        if time.monotonic() > deadline:
            pytest.fail(f"not within {within_s} s")
        Event().wait(0.02)


def test_handler_that_raises_is_tried_again_and_stops_nobody(conninfo: str) -> None:
    make_marks(conninfo)
    tries: list[int] = []

    def refuse_twice() -> None:
        tries.append(1)
        if len(tries) < 3:
            raise ValueError("no")

    with running(conninfo, doing("bad", refuse_twice), mark("good", every=SECOND)) as seen:
        until(lambda: ("bad", "ok") in seen)
        until(lambda: seen.count(("good", "ok")) >= 2)

    assert [outcome for name, outcome in seen if name == "bad"] == ["failed", "failed", "ok"]


def test_a_process_whose_clock_is_wrong_does_not_lead(conninfo: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(scheduler, "CLOCK_S", 0.05)
    calls = count()
    ahead = [timedelta(days=40)]

    def host() -> datetime:
        next(calls)
        return utc_now() + ahead[0]

    clock = DecisionClock(utc_now, host=host)
    with running(conninfo, doing("decides", lambda: None), clock=clock) as seen:
        until(lambda: next(calls) > 30)
        refused = list(seen)
        ahead[0] = timedelta()
        until(lambda: ("decides", "ok") in seen)

    assert refused == []


def test_slow_handler_delays_no_other(conninfo: str) -> None:
    make_marks(conninfo)
    release = Event()
    with running(conninfo, doing("slow", lambda: release.wait(30)), mark("quick", every=SECOND)) as seen:
        until(lambda: seen.count(("quick", "ok")) >= 2)
        assert ("slow", "ok") not in seen
        release.set()


def test_clock_set_back_an_hour_stops_and_doubles_nothing(conninfo: str) -> None:
    make_marks(conninfo)
    back = [timedelta(0)]

    def clock() -> datetime:
        return utc_now() - back[0]

    with running(conninfo, mark("m", every=SECOND), mark("hourly"), clock=clock) as seen:
        until(lambda: seen.count(("m", "ok")) >= 2)
        back[0] = timedelta(hours=1, minutes=5)
        so_far = seen.count(("m", "ok"))
        until(lambda: seen.count(("m", "ok")) >= so_far + 2)

    assert seen.count(("hourly", "ok")) == 1
    ats = [at.replace(microsecond=0) for at, _ in marks(conninfo, "m")]
    assert len(ats) == len(set(ats))


def test_lost_session_ends_the_term_at_once_and_another_begins(conninfo: str) -> None:
    make_marks(conninfo)
    begun, broken = Event(), Event()

    def long(conn: psycopg.Connection[object], now: datetime) -> dict[str, object]:
        begun.set()
        try:
            with conn.transaction():
                conn.execute("INSERT INTO marks (name, at) VALUES ('long', %s)", [now])
                conn.execute("SELECT pg_sleep(%s)", [0 if broken.is_set() else 60])
        except psycopg.OperationalError:
            broken.set()
            raise
        return {}

    with running(conninfo, Scheduled("long", HOUR, long)) as seen:
        until(begun.is_set)
        with psycopg.connect(conninfo, autocommit=True) as admin:
            admin.execute(
                "SELECT pg_terminate_backend(l.pid) FROM pg_locks l JOIN pg_database d ON d.oid = l.database"
                " WHERE d.datname = current_database() AND l.locktype = 'advisory' AND l.objid = 1"
            )
        until(broken.is_set, within_s=5)
        until(lambda: ("long", "ok") in seen)

    assert len(marks(conninfo, "long")) == 1


def test_only_one_of_two_leads(conninfo: str) -> None:
    make_marks(conninfo)
    with (
        running(conninfo, mark("m", every=SECOND, pid=1)) as first,
        running(conninfo, mark("m", every=SECOND, pid=2)) as second,
    ):
        until(lambda: len(first) + len(second) >= 3)

    assert len({pid for _, pid in marks(conninfo, "m")}) == 1
