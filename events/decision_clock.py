"""The clock of decisions: the host's, while it agrees with the database's.

The database's clock is read from time to time; in between the monotonic clock advances it, so the next
decision notices without a query that the host's clock was set.
"""

import time
from collections.abc import Callable
from datetime import datetime, timedelta

from events.clock import Clock, utc_now

MAX_APART = timedelta(minutes=1)
READ_EVERY_S = 30.0
SLOWEST_READ_S = 10.0  # the instant of the reading is uncertain by the round trip
_ATTEMPTS = 3


class ClocksDiffer(Exception):
    """The host's clock differs from the database's. Synchronize it (NTP); until then no decision is made."""

    def __init__(self, ahead: timedelta) -> None:
        direction = "ahead of" if ahead > timedelta() else "behind"
        super().__init__(
            f"expected this host's clock within {MAX_APART.seconds} s of the database's, "
            f"found it {_shown(abs(ahead))} {direction} it; "
            "nothing was decided: synchronize the clocks (NTP), then try again"
        )
        self.ahead = ahead


class DecisionClock:
    """Call it for the present instant. `read_database` gives the database's `clock_timestamp()`."""

    def __init__(
        self,
        read_database: Callable[[], datetime],
        *,
        host: Clock = utc_now,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._read_database = read_database
        self._host = host
        self._monotonic = monotonic
        self._reading: tuple[float, datetime] | None = None  # of the monotonic clock, of the database's

    def __call__(self) -> datetime:
        """The host's instant. Raises: ClocksDiffer, and the exceptions of reading the database."""
        if self._reading is None:
            self.compare()
        if abs(self.ahead()) > MAX_APART:
            self.compare()  # the clock may be right again, or the host was suspended
            if abs(ahead := self.ahead()) > MAX_APART:
                raise ClocksDiffer(ahead)
        return self._host()

    def compare(self) -> None:
        """Read the database's clock. Raises: the exceptions of reading it."""
        for _ in range(_ATTEMPTS):
            before = self._monotonic()
            database = self._read_database()
            took = self._monotonic() - before
            if took <= SLOWEST_READ_S:
                self._reading = (before + took / 2, database)
                return

    def ahead(self) -> timedelta:
        """How far the host's clock is ahead of the database's; zero before the first reading."""
        expected = self._database()
        return timedelta() if expected is None else self._host() - expected

    def corrected(self) -> datetime:
        """The host's instant, or the database's when they differ too much. Never raises."""
        expected = self._database()
        if expected is None or abs(self._host() - expected) <= MAX_APART:
            return self._host()
        return expected

    def _database(self) -> datetime | None:
        if self._reading is None:
            return None
        read_at, database = self._reading
        return database + timedelta(seconds=self._monotonic() - read_at)


def _shown(apart: timedelta) -> str:
    seconds = apart.total_seconds()
    return f"{seconds / 86400:.1f} days" if seconds >= 2 * 86400 else f"{seconds:.0f} s"
