"""Time as a parameter: who needs the present instant is handed a Clock."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

Clock = Callable[[], datetime]

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MICROSECOND = timedelta(microseconds=1)


def utc_now() -> datetime:
    """The present instant, UTC."""
    return datetime.now(UTC)


def micros(at: datetime) -> int:
    """Microseconds since the epoch; exact, since no float is involved."""
    return (at - EPOCH) // MICROSECOND


def from_micros(us: int) -> datetime:
    """The UTC instant of that many microseconds since the epoch."""
    return EPOCH + timedelta(microseconds=us)
