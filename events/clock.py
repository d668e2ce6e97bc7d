"""Time as a parameter: a function that needs the present instant receives a Clock."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

Clock = Callable[[], datetime]

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MICROSECOND = timedelta(microseconds=1)
LAST = datetime.max.replace(tzinfo=UTC)


def utc_now() -> datetime:
    """The present instant, UTC."""
    return datetime.now(UTC)


def micros(at: datetime) -> int:
    """Microseconds since the epoch; exact, since no float is involved."""
    return (at - EPOCH) // MICROSECOND


def from_micros(us: int) -> datetime:
    """The UTC instant of that many microseconds since the epoch."""
    return EPOCH + timedelta(microseconds=us)


def later(at: datetime, by: timedelta) -> datetime:
    """`at` plus `by`, at most the last instant of datetime; `by` is not negative."""
    return at + by if by <= LAST - at else LAST


def instant(us: int) -> datetime:
    """The same, limited to the first and the last instant of datetime."""
    return from_micros(min(max(us, _FIRST), micros(LAST)))


_FIRST = micros(datetime.min.replace(tzinfo=UTC))
