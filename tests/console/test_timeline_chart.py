"""The picture of a life."""

from datetime import timedelta

import pytest
from psycopg import Connection
from psycopg.rows import TupleRow

from console.timeline_chart import LEFT, MAX_MARKS, RIGHT, WIDTH, Life, life
from events.append import append_all
from events.domain.user import TrialStarted, UsageRecorded
from queries.timeline import Step
from queries.user_view import load_user_view
from tests.handlers.users import project
from tests.projections import event_builders
from tests.projections.event_builders import DAY, USER, instant


def trial_steps(conn: Connection[TupleRow]) -> list[Step]:
    """A trial of ten days within a month."""
    append_all(
        conn,
        [
            event_builders.clerk("user.created", {"id": USER}, at=0),
            event_builders.own(
                TrialStarted(starts_at=instant(5 * DAY), ends_at=instant(15 * DAY)), at=5 * DAY
            ),
            event_builders.own(UsageRecorded(metric="creators", quantity=1), at=20 * DAY),
        ],
    )
    project(conn)
    view = load_user_view(conn, USER)
    assert view is not None
    return view.whole


def drawn(steps: list[Step], days: float = 30) -> Life:
    picture = life(steps, until=instant(days * DAY))
    assert picture is not None
    return picture


def test_band_begins_and_ends_where_the_value_did(conn: Connection[TupleRow]) -> None:
    picture = drawn(trial_steps(conn))

    trial = next(band for band in picture.bands if band.name == "trial")
    assert [(span.value, span.began_at) for span in trial.spans] == [("active", instant(5 * DAY))]
    inside = WIDTH - LEFT - RIGHT
    assert trial.spans[0].x == pytest.approx(LEFT + inside / 6, abs=0.5)


def test_marks_stay_inside_and_on_their_lane(conn: Connection[TupleRow]) -> None:
    picture = drawn(trial_steps(conn))

    lanes = dict(picture.lanes)
    assert [mark.y for mark in picture.marks] == [lanes["clerk"], lanes["tenure"], lanes["tenure"]]
    assert all(LEFT <= mark.x <= WIDTH - RIGHT for mark in picture.marks)


def test_what_lies_behind_the_asked_instant_stays_in_the_picture(conn: Connection[TupleRow]) -> None:
    picture = life(trial_steps(conn), until=instant(30 * DAY), marked_at=instant(15 * DAY))

    assert picture is not None
    assert len(picture.marks) == 3
    assert picture.asked_x == pytest.approx((LEFT + WIDTH - RIGHT) / 2)


@pytest.mark.parametrize("days", [0.01, 1, 30, 400, 4_000, 40_000])
def test_ticks_are_few_whatever_the_length(conn: Connection[TupleRow], days: float) -> None:
    steps = trial_steps(conn)[:1]

    ticks = drawn(steps, days=days).ticks

    assert len(ticks) <= 15
    assert all(LEFT <= x <= WIDTH for x, _ in ticks)


def test_long_life_shows_its_latest_events(conn: Connection[TupleRow]) -> None:
    steps = trial_steps(conn) * MAX_MARKS

    picture = drawn(steps)

    assert len(picture.marks) == MAX_MARKS
    assert picture.left_out == 2 * MAX_MARKS


def test_no_life_no_picture() -> None:
    assert life([], until=instant(0) + timedelta(days=1)) is None
