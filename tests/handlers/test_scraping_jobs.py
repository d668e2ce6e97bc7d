"""Jobs: their states, what they found, the month's limit, and their time."""

from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from datetime import timedelta
from threading import Barrier
from typing import Any

import pytest

from database.pool import Connection, connect
from events.routing import part_of
from handlers import job_timeouts
from handlers.campaigns import move_campaign
from handlers.errors import LimitExceeded, UnusableInstant
from handlers.job_timeouts import time_out_jobs
from handlers.platform_errors import NotTheirs, WrongState
from handlers.scraping_jobs import (
    NewJob,
    complete_job,
    create_job,
    fail_job,
    record_results,
    report_progress,
    start_job,
)
from queries.scraping_jobs import job, verify_results
from tests.handlers.commands import ADA, BOB, a_campaign, a_job, command, only
from tests.handlers.users import NOW, joined, row, sold, tell, types_of

STATUS = "SELECT status FROM scraping_jobs WHERE id = %s"
CREATORS: list[Any] = [{"name": "Lee", "followers": 1.50, "bio": "a\x00b 茶"}, {"name": "Kim"}]


@pytest.fixture(autouse=True)
def people(conn: Connection) -> None:
    tell(conn, *sold(campaigns=5, creators=10), *joined(ADA, BOB))


def test_a_job_of_a_campaign_runs_and_completes(conn: Connection) -> None:
    campaign_id = a_campaign(conn)
    conn.commit()
    new: dict[str, Any] = {
        "campaign_id": campaign_id,
        "keywords": ["fitness"],
        "search_params": {"a": {"b": 1.5}},
    }
    job_id = a_job(conn, running=False, **new)
    start_job(conn, command(), job_id, {"run_id": "run_1"})
    conn.commit()
    report_progress(conn, command(), job_id, {"cursor": 3, "progress_basis_points": 5050})
    conn.commit()
    complete_job(conn, command(), job_id)

    document = job(conn, job_id, ADA, include=("keywords", "search_params"))

    assert document is not None
    assert (document["status"], document["run_id"], document["cursor"], str(document["progress"])) == (
        "completed", "run_1", 3, "50.50",
    )  # fmt: skip
    assert (document["campaign_id"], document["keywords"], document["version"]) == (
        campaign_id,
        ["fitness"],
        4,
    )
    assert document["search_params"] == {"a": {"b": 1.5}}


@pytest.mark.parametrize(
    ("steps", "refused"),
    [
        ("", "progress complete results"),
        ("start", "start"),
        ("start complete", "start progress complete fail results"),
        ("fail", "start fail"),
    ],
)
def test_a_step_out_of_turn_is_refused(conn: Connection, steps: str, refused: str) -> None:
    job_id = a_job(conn, running=False)
    for step in steps.split():
        STEPS[step](conn, job_id, ADA)
        conn.commit()
    before = only(conn, "SELECT count(*) FROM events")

    for step in refused.split():
        with pytest.raises(WrongState):
            STEPS[step](conn, job_id, ADA)
        conn.rollback()

    assert only(conn, "SELECT count(*) FROM events") == before


STEPS: dict[str, Any] = {
    "start": lambda conn, job_id, by: start_job(conn, command(by), job_id, {}),
    "progress": lambda conn, job_id, by: report_progress(conn, command(by), job_id, {"cursor": 1}),
    "complete": lambda conn, job_id, by: complete_job(conn, command(by), job_id),
    "fail": lambda conn, job_id, by: fail_job(conn, command(by), job_id, "blocked"),
    "results": lambda conn, job_id, by: record_results(conn, command(by), job_id, CREATORS),
}


def test_a_job_begins_only_in_a_campaign_of_ones_own_that_is_not_over(conn: Connection) -> None:
    mine = a_campaign(conn)
    conn.commit()
    theirs = a_campaign(conn, BOB)
    conn.commit()
    move_campaign(conn, command(), mine, "archive")
    conn.commit()

    with pytest.raises(WrongState):
        create_job(conn, command(), NewJob(campaign_id=mine))
    conn.rollback()
    with pytest.raises(NotTheirs):
        create_job(conn, command(), NewJob(campaign_id=theirs))


def test_results_and_their_event_are_one(conn: Connection) -> None:
    job_id = a_job(conn)
    decided = record_results(conn, command(), job_id, CREATORS)
    conn.commit()

    assert decided.answer["creators_remaining"] == 8
    assert row(conn, ADA)["usage_creators_current_month"] == 2
    stored = conn.execute("SELECT creators, creators_count, digest FROM scraping_results").fetchall()
    assert stored == [([{**CREATORS[0], "bio": "a\ufffdb 茶"}, CREATORS[1]], 2, decided.answer["digest"])]
    assert [result["verdict"] for result in verify_results(conn, job_id, ADA)] == ["ok"]
    assert only(conn, "SELECT creators_recorded FROM scraping_jobs") == 2


def test_more_than_remains_is_refused_whole(conn: Connection) -> None:
    job_id = a_job(conn)
    record_results(conn, command(), job_id, [{}] * 9)
    conn.commit()

    with pytest.raises(LimitExceeded) as why:
        record_results(conn, command(), job_id, [{}] * 2)
    conn.rollback()

    assert (why.value.remaining, why.value.quantity) == (1, 2)
    assert only(conn, "SELECT count(*) FROM scraping_results") == 1
    assert types_of(conn, ADA).count("job.results_recorded") == 1


def test_the_same_key_stores_once(conn: Connection) -> None:
    job_id = a_job(conn)
    first = record_results(conn, command(key="r"), job_id, CREATORS)
    conn.commit()

    again = record_results(conn, command(key="r"), job_id, CREATORS)

    assert (again.repeated, again.answer) == (True, first.answer)
    assert only(conn, "SELECT count(*) FROM scraping_results") == 1
    assert row(conn, ADA)["usage_creators_current_month"] == 2


def test_results_at_once_take_exactly_what_remains(conn: Connection, conninfo: str) -> None:
    job_id = a_job(conn)
    gate = Barrier(12)

    def client(number: int) -> str:
        with closing(connect(conninfo, application_name="clash", statement_timeout_s=60)) as own:
            gate.wait()
            try:
                record_results(own, command(key=f"r{number}"), job_id, [{}, {}])
                own.commit()
            except LimitExceeded:
                own.rollback()
                return "refused"
            return "stored"

    with ThreadPoolExecutor(12) as threads:
        assert Counter(threads.map(client, range(12))) == {"stored": 5, "refused": 7}
    assert only(conn, "SELECT sum(creators_count) FROM scraping_results") == 10


def test_nothing_found_is_recorded_also_when_nothing_remains(conn: Connection) -> None:
    job_id = a_job(conn)
    record_results(conn, command(), job_id, [{}] * 10)
    conn.commit()

    assert record_results(conn, command(), job_id, []).answer["creators_remaining"] == 0


def test_an_edited_a_lost_and_a_smuggled_result_are_found(conn: Connection) -> None:
    job_id = a_job(conn)
    for _ in range(3):
        record_results(conn, command(), job_id, CREATORS)
        conn.commit()
    ids = [r[0] for r in conn.execute("SELECT id FROM scraping_results ORDER BY id").fetchall()]
    conn.execute("UPDATE scraping_results SET creators = '[{}, {}]' WHERE id = %s", [ids[0]])
    conn.execute("DELETE FROM scraping_results WHERE id = %s", [ids[1]])
    conn.execute("INSERT INTO scraping_results VALUES (gen_random_uuid(), %s, '[]', 0, '', now())", [job_id])

    verdicts = Counter(result["verdict"] for result in verify_results(conn, job_id, ADA))

    assert verdicts == {"altered": 1, "missing": 1, "ok": 1, "unrecorded": 1}


def test_nobody_touches_anothers(conn: Connection) -> None:
    job_id = a_job(conn)

    for step in STEPS.values():
        with pytest.raises(NotTheirs):
            step(conn, job_id, BOB)
        conn.rollback()


def test_a_job_past_its_time_times_out_once(conn: Connection) -> None:
    due = a_job(conn, timeout_at=NOW + timedelta(minutes=5))
    waiting = a_job(conn, BOB, running=False, timeout_at=NOW + timedelta(minutes=5))
    later = a_job(conn, timeout_at=NOW + timedelta(hours=5))
    never = a_job(conn)
    at = NOW + timedelta(minutes=6)

    first, second = time_out_jobs(conn, at), time_out_jobs(conn, at)

    assert (first.events, first.users, second.looked_at) == (2, 2, 0)
    assert [only(conn, STATUS, job_id) for job_id in (due, waiting, later, never)] == [
        "timeout", "timeout", "processing", "processing",
    ]  # fmt: skip


def test_a_job_that_ended_in_time_does_not_time_out(conn: Connection) -> None:
    job_id = a_job(conn, timeout_at=NOW + timedelta(minutes=5))
    complete_job(conn, command(), job_id)
    conn.commit()

    assert time_out_jobs(conn, NOW + timedelta(hours=1)).looked_at == 0


def test_an_end_that_has_passed_is_refused(conn: Connection) -> None:
    with pytest.raises(UnusableInstant):
        create_job(conn, command(), NewJob(timeout_at=NOW))


def test_one_user_who_can_not_be_settled_does_not_stop_the_others(
    conn: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    neighbour = next(name for name in map("user_{}".format, range(9999)) if part_of(name) == part_of(ADA))
    tell(conn, *joined(neighbour))
    for name in (ADA, neighbour):
        a_job(conn, name, timeout_at=NOW + timedelta(minutes=5))
    chosen = job_timeouts._chosen

    def fails(conn: Any, snapshot: Any, now: Any) -> Any:
        if neighbour in snapshot.users:
            raise RuntimeError("no")
        return chosen(conn, snapshot, now)

    monkeypatch.setattr(job_timeouts, "_chosen", fails)

    done = job_timeouts.time_out_jobs(conn, NOW + timedelta(hours=1))

    assert (done.events, done.failed) == (1, [neighbour])
