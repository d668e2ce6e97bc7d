"""The simulated world's time: it advances only by calls."""

import calendar
from datetime import UTC, datetime

from demo.prices import Interval

HOUR_S = 3_600
DAY_S = 86_400


class WorldClock:
    """Milliseconds since the epoch, never backwards; Stripe reads it in whole seconds."""

    def __init__(self, start: datetime) -> None:
        self.now_ms = int(start.timestamp() * 1_000)

    @property
    def now_s(self) -> int:
        return self.now_ms // 1_000

    @property
    def now(self) -> datetime:
        return datetime.fromtimestamp(self.now_ms / 1_000, UTC)

    def move_to(self, second: int) -> None:
        """Go to the start of that second, unless it is past already."""
        self.now_ms = max(self.now_ms, second * 1_000)

    def next_second(self) -> None:
        self.now_ms = (self.now_s + 1) * 1_000

    def next_ms(self) -> int:
        """A millisecond that no earlier call has returned."""
        self.now_ms += 1
        return self.now_ms


def add_interval(second: int, interval: Interval, *, anchor: int) -> int:
    """The end of the billing period that starts at `second`; months keep the anchor's day."""
    if interval == "week":
        return second + 7 * DAY_S
    start = datetime.fromtimestamp(second, UTC)
    months = start.month if interval == "month" else start.month + 11
    year, month = start.year + months // 12, months % 12 + 1
    day = min(
        datetime.fromtimestamp(anchor, UTC).day,
        calendar.monthrange(year, month)[1],
    )
    return int(start.replace(year=year, month=month, day=day).timestamp())
