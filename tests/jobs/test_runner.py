"""What is due is done once, what fails waits longer each time, what never works is kept dead."""

import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from datetime import timedelta
from threading import Barrier

import psycopg
import pytest

from database.pool import Connection
from events.domain import user_event
from events.domain.user import AdminGranted, EmailFailed
from jobs import Job, JobContext, JobResult, enqueue, find, lease
from jobs.backoff import BASE_S, CAP_S, delay
from jobs.errors import LeaseLost, PermanentFailure, Postponed
from tests.jobs.shop import NOW, Clock, runner, states, worker_connection


def _put(conninfo: str, count: int = 1, **options: object) -> None:
    with closing(psycopg.connect(conninfo)) as conn:
        for n in range(count):
            enqueue(conn, "test", {"n": n}, now=NOW, **options)  # type: ignore[arg-type]
        conn.commit()


def test_backoff_is_full_jitter_below_a_doubling_bound() -> None:
    bounds = [delay(n, chance=lambda: 1.0).total_seconds() for n in (1, 2, 3, 50)]

    assert bounds == [BASE_S, 2 * BASE_S, 4 * BASE_S, CAP_S]
    assert delay(3, chance=lambda: 0.0) == timedelta(0)
    assert delay(2, chance=lambda: 0.25).total_seconds() == 0.5 * BASE_S


def test_failing_job_waits_then_tries_again_then_is_dead(conninfo: str) -> None:
    clock, tries = Clock(), []

    def refuse(context: JobContext) -> JobResult:
        tries.append(context.clock())
        raise ValueError("no")

    _put(conninfo, max_retries=2)
    worker = runner(conninfo, refuse, clock=clock)
    for _ in range(4):
        worker.drain()
        clock.pass_s(BASE_S * 4)

    assert len(tries) == 3
    assert states(conninfo) == [("dead", 2)]


def test_failed_job_is_not_tried_before_its_time(conninfo: str) -> None:
    clock, tries = Clock(), []

    def refuse(_context: JobContext) -> JobResult:
        tries.append(1)
        raise ValueError("no")

    _put(conninfo)
    worker = runner(conninfo, refuse, clock=clock)
    worker.drain()
    clock.pass_s(BASE_S * 0.4)
    worker.drain()

    assert (len(tries), states(conninfo)) == (1, [("failed", 1)])


def test_one_bad_job_does_not_stop_the_others(conninfo: str) -> None:
    def odd_one_fails(context: JobContext) -> JobResult:
        if context.job.payload["n"] == 1:
            raise RuntimeError("no")
        return JobResult({"n": context.job.payload["n"]})

    _put(conninfo, 3)
    runner(conninfo, odd_one_fails, clock=Clock()).drain()

    assert sorted(status for status, _ in states(conninfo)) == ["completed", "completed", "failed"]


def test_urgent_first_then_oldest_and_nothing_early(conn: Connection, conninfo: str) -> None:
    done: list[object] = []
    for name, priority, wait_s in (("b", 0, 0), ("a", 5, 0), ("c", 0, 1), ("later", 9, 60)):
        due = NOW + timedelta(seconds=wait_s)
        enqueue(conn, "test", {"name": name}, now=NOW, priority=priority, scheduled_for=due)
    conn.commit()
    clock = Clock(NOW + timedelta(seconds=2))

    def note(context: JobContext) -> JobResult:
        done.append(context.job.payload["name"])
        return JobResult()

    runner(conninfo, note, clock=clock).drain()

    assert done == ["a", "b", "c"]


def test_job_of_an_unknown_type_is_left_for_those_who_know_it(conninfo: str) -> None:
    _put(conninfo)

    runner(conninfo, lambda _: JobResult(), clock=Clock(), name="other").drain()

    assert states(conninfo) == [("pending", 0)]


def test_hopeless_job_is_dead_at_once_and_says_so_in_the_log(conn: Connection, conninfo: str) -> None:
    def refuse(_context: JobContext) -> JobResult:
        raise PermanentFailure("no such address")

    def on_given_up(_job: Job, status: str, why: str, now: object) -> list[object]:
        fact = EmailFailed(occasion="welcome", error=f"{status}: {why}")
        return [user_event(fact, user_id="user_1", now=now, idempotency_key="k")]  # type: ignore[arg-type]

    _put(conninfo)
    runner(conninfo, refuse, clock=Clock(), given_up=on_given_up).drain()

    row = conn.execute("SELECT event_data ->> 'error' FROM events").fetchone()
    assert states(conninfo) == [("dead", 0)]
    assert row == ("dead: PermanentFailure: no such address",)


def test_postponed_job_uses_up_no_try(conninfo: str) -> None:
    clock, tries = Clock(), []

    def early(_context: JobContext) -> JobResult:
        tries.append(1)
        if len(tries) < 5:
            raise Postponed(timedelta(seconds=2), "the tables lag")
        return JobResult()

    _put(conninfo, max_retries=0)
    worker = runner(conninfo, early, clock=clock)
    for _ in range(5):
        worker.drain()
        clock.pass_s(2)

    assert states(conninfo) == [("completed", 0)]


def test_events_of_a_job_and_its_end_are_one_transaction(conn: Connection, conninfo: str) -> None:
    def unappendable(context: JobContext) -> JobResult:
        good = user_event(AdminGranted(), user_id="user_1", now=NOW, idempotency_key="k")
        bad = user_event(AdminGranted(), user_id="user_1", now=NOW.replace(tzinfo=None), idempotency_key="l")
        return JobResult(events=[good, bad])

    _put(conninfo)
    runner(conninfo, unappendable, clock=Clock()).drain()

    assert states(conninfo) == [("failed", 1)]
    assert conn.execute("SELECT count(*) FROM events").fetchone() == (0,)


def test_many_workers_do_each_job_once(conninfo: str) -> None:
    done: list[object] = []
    start = Barrier(4)

    def note(context: JobContext) -> JobResult:
        done.append(context.job.id)
        return JobResult()

    def work() -> None:
        start.wait()
        runner(conninfo, note, clock=Clock()).drain()

    _put(conninfo, 60)
    with ThreadPoolExecutor(4) as threads:
        for future in [threads.submit(work) for _ in range(4)]:
            future.result()

    assert len(done) == len(set(done)) == 60
    assert set(states(conninfo)) == {("completed", 0)}


def test_slow_worker_loses_the_job_and_what_it_did(conn: Connection, conninfo: str) -> None:
    clock = Clock()

    def overtaken(context: JobContext) -> JobResult:
        runner(conninfo, lambda _: JobResult(), clock=clock).drain()  # another worker finds the lease expired
        fact = user_event(AdminGranted(), user_id="user_1", now=NOW, idempotency_key="late")
        return JobResult(events=[fact])

    _put(conninfo)
    runner(conninfo, overtaken, clock=clock, limit_s=0.0).drain()

    assert states(conninfo)[0][0] == "failed"
    assert conn.execute("SELECT count(*) FROM events").fetchone() == (0,)


def test_note_of_a_worker_that_lost_its_job_is_refused(conn: Connection, conninfo: str) -> None:
    def told_late(context: JobContext) -> JobResult:
        runner(conninfo, lambda _: JobResult(), clock=Clock()).drain()
        with pytest.raises(LeaseLost):
            context.note({"handed_over": True})
        return JobResult()

    queued = enqueue(conn, "test", {}, now=NOW)
    conn.commit()
    runner(conninfo, told_late, clock=Clock(), limit_s=0.0).drain()

    job = find(conn, queued.id)
    assert job is not None
    assert job.result is None


def await_end_of_session(conn: Connection, pid: int) -> None:
    """The server ends a session a moment after its client has closed it."""
    deadline = time.monotonic() + 10
    while conn.execute("SELECT 1 FROM pg_stat_activity WHERE pid = %s", [pid]).fetchone() is not None:
        assert time.monotonic() < deadline


def test_job_whose_session_ended_is_found_lost_at_once(conninfo: str) -> None:
    _put(conninfo)
    types = runner(conninfo, lambda _: JobResult(), clock=Clock())
    with worker_connection(conninfo) as conn:
        claimed = lease.claim(conn, lease.enlist(conn), types=types._types, now=NOW)
        assert claimed is not None
        assert types.recover(worker_connection(conninfo)) == 0
        pid = conn.info.backend_pid

    with worker_connection(conninfo) as conn:
        await_end_of_session(conn, pid)
        assert types.recover(conn) == 1
    assert states(conninfo) == [("failed", 1)]
