"""Missed runs are caught up once, nothing runs twice for one due time, an error is kept and told."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jobs.schedule import due_at, run_due, run_now, runs_so_far
from jobs.schedule.errors import LeadershipLost
from jobs.schedule.timetable import retry_s
from tests.jobs.schedule.sample_handlers import HOUR, NOW, connection, doing, make_marks, mark, marks


def test_missed_runs_are_made_up_for_once(conninfo: str) -> None:
    make_marks(conninfo)
    with connection(conninfo) as conn:
        for now in (NOW, NOW + timedelta(days=3), NOW + timedelta(days=3, minutes=1)):
            run_due(conn, mark("m"), now=now)

    assert [at for at, _ in marks(conninfo, "m")] == [NOW, NOW + timedelta(days=3)]


def test_nothing_runs_twice_for_one_due_time(conninfo: str) -> None:
    make_marks(conninfo)
    with connection(conninfo) as conn:
        first = run_due(conn, mark("m"), now=NOW)
        second = run_due(conn, mark("m"), now=NOW + timedelta(minutes=29))
        third = run_due(conn, mark("m"), now=NOW + timedelta(minutes=30))

    assert [ran.outcome for ran in (first, second, third)] == ["ok", "early", "ok"]


@pytest.mark.parametrize("back", [timedelta(minutes=1), HOUR, timedelta(days=400)])
def test_clock_set_back_doubles_nothing_and_is_noticed(conninfo: str, back: timedelta) -> None:
    make_marks(conninfo)
    with connection(conninfo) as conn:
        run_due(conn, mark("m"), now=NOW)
        ran = run_due(conn, mark("m"), now=NOW - back)

    assert (ran.outcome, len(marks(conninfo, "m"))) == ("early", 1)
    assert ran.ahead == (back > HOUR)


def test_hours_of_summer_time_are_like_any_other() -> None:
    berlin = ZoneInfo("Europe/Berlin")
    begins = datetime(2026, 10, 25, 0, tzinfo=berlin).astimezone(UTC)
    dues = [due_at(HOUR, (begins + timedelta(minutes=n)).astimezone(berlin)) for n in range(0, 25 * 60, 10)]

    assert len(set(dues)) == 25


@given(
    now=st.datetimes(timezones=st.just(UTC)), every=st.timedeltas(timedelta(seconds=1), timedelta(days=400))
)
def test_due_time_is_never_later_than_now_nor_a_period_old(now: datetime, every: timedelta) -> None:
    try:
        due = due_at(every, now)
    except OverflowError:
        return

    assert due <= now < due + every
    assert due_at(every, due) == due


def test_failure_is_kept_told_and_tried_again(conninfo: str) -> None:
    make_marks(conninfo)

    def refuse() -> None:
        raise ValueError("no\x00pe")

    with connection(conninfo) as conn:
        first = run_due(conn, doing("m", refuse), now=NOW)
        second = run_due(conn, doing("m", refuse), now=NOW)
        kept = runs_so_far(conn)["m"]
        third = run_due(conn, mark("m"), now=NOW)
        mended = runs_so_far(conn)["m"]

    assert (first.outcome, second.failures, third.outcome) == ("failed", 2, "ok")
    assert (kept.failures, kept.error, kept.last_due_at) == (2, "ValueError: no\ufffdpe", None)
    assert (mended.failures, mended.error, mended.runs) == (0, None, 1)


def test_retries_wait_longer_but_never_a_period() -> None:
    assert [retry_s(n, HOUR) for n in (1, 2, 3, 50)] == [1, 2, 4, 300]
    assert retry_s(50, timedelta(minutes=1)) == 60


def test_handler_that_runs_already_is_not_begun_again(conninfo: str) -> None:
    make_marks(conninfo)
    outcomes = []

    def second_run() -> None:
        with connection(conninfo) as other:
            outcomes.append(run_now(other, mark("m"), now=NOW).outcome)

    with connection(conninfo) as conn:
        outcomes.append(run_due(conn, doing("m", second_run), now=NOW).outcome)

    assert outcomes == ["busy", "ok"]


def test_run_of_who_no_longer_leads_is_not_recorded(conninfo: str) -> None:
    leading = [True]
    with connection(conninfo) as conn:
        with pytest.raises(LeadershipLost):
            run_due(
                conn, doing("m", lambda: leading.__setitem__(0, False)), now=NOW, leads=lambda: leading[0]
            )
        kept = runs_so_far(conn)["m"]

    assert (kept.last_due_at, kept.runs) == (None, 0)


def test_person_may_run_it_now_and_it_counts(conninfo: str) -> None:
    make_marks(conninfo)
    with connection(conninfo) as conn:
        run_due(conn, mark("m"), now=NOW)
        by_hand = run_now(conn, mark("m"), now=NOW + timedelta(minutes=1))
        after = run_due(conn, mark("m"), now=NOW + timedelta(minutes=2))

    assert (by_hand.outcome, after.outcome, len(marks(conninfo, "m"))) == ("ok", "early", 2)
