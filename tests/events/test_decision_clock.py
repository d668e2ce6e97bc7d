"""Who decides does so by a clock that agrees with the database's, or not at all."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import pytest

from events.decision_clock import ClocksDiffer, DecisionClock

NOW = datetime(2026, 3, 3, 12, tzinfo=UTC)


@dataclass
class Machine:
    """Two clocks that run alike, but for how far the host's is ahead."""

    passed_s: float = 0.0
    ahead: timedelta = timedelta()
    round_trip_s: float = 0.0
    readings: int = 0

    def host(self) -> datetime:
        return NOW + timedelta(seconds=self.passed_s) + self.ahead

    def database(self) -> datetime:
        self.readings += 1
        at = NOW + timedelta(seconds=self.passed_s + self.round_trip_s / 2)
        self.passed_s += self.round_trip_s
        return at

    def clock(self) -> DecisionClock:
        return DecisionClock(self.database, host=self.host, monotonic=lambda: self.passed_s)


@pytest.mark.parametrize("ahead_s", [-59, 0, 59])
def test_a_clock_within_a_minute_decides_by_its_own_instant(ahead_s: int) -> None:
    machine = Machine(ahead=timedelta(seconds=ahead_s))

    assert machine.clock()() == NOW + timedelta(seconds=ahead_s)


@pytest.mark.parametrize("ahead", [timedelta(seconds=61), timedelta(days=40), timedelta(seconds=-61)])
def test_a_clock_further_apart_does_not_decide(ahead: timedelta) -> None:
    with pytest.raises(ClocksDiffer) as refused:
        Machine(ahead=ahead).clock()()

    assert refused.value.ahead == ahead


def test_a_clock_that_is_set_is_noticed_without_a_regular_comparison() -> None:
    machine = Machine()
    clock = machine.clock()
    clock()

    machine.ahead = timedelta(days=40)
    with pytest.raises(ClocksDiffer, match=r"found it 40\.0 days ahead of it"):
        clock()
    machine.ahead = timedelta()

    assert clock() == NOW


def test_a_database_whose_clock_is_set_is_compared_again_before_a_refusal() -> None:
    machine = Machine()
    clock = machine.clock()
    clock()

    machine.passed_s += 7200  # the monotonic clock and the database's
    machine.ahead = -timedelta(seconds=30)

    assert clock() == NOW + timedelta(seconds=7170)
    assert machine.readings == 1


def test_the_round_trip_is_no_difference() -> None:
    machine = Machine(round_trip_s=8)
    clock = machine.clock()
    clock()

    assert clock.ahead() == timedelta()


def test_a_reading_too_slow_to_say_anything_is_left_out() -> None:
    machine = Machine(round_trip_s=300, ahead=timedelta(hours=1))
    clock = machine.clock()

    clock.compare()

    assert clock.ahead() == timedelta()


def test_the_corrected_instant_is_the_databases_where_they_differ() -> None:
    machine = Machine(ahead=timedelta(days=40))
    clock = machine.clock()
    assert clock.corrected() == machine.host()  # nothing was read yet

    clock.compare()
    machine.passed_s += 5

    assert clock.corrected() == NOW + timedelta(seconds=5)
