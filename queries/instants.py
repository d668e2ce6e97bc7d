"""Instants as text: ISO 8601 in UTC, microseconds only where there are any."""

import re
from datetime import UTC, datetime, timedelta

from queries.errors import InTheFuture

END_OF_TIME = datetime(2099, 1, 1, tzinfo=UTC)
SKEW = timedelta(minutes=1)  # how far a caller's clock may be ahead of this host's

EARLIEST, LATEST = datetime(1970, 1, 1, tzinfo=UTC), datetime(3000, 1, 1, tzinfo=UTC)

# A space in the place of the sign is a plus that URL decoding replaced.
_ZONE = r"([Zz]|[+\- ]\d\d:\d\d)"
_ISO = re.compile(rf"\d{{4}}-\d\d-\d\d[Tt]\d\d:\d\d:\d\d(\.\d{{1,6}})?{_ZONE}", re.ASCII)
_GIVEN = re.compile(rf"\d{{4}}-\d\d-\d\d([Tt ]\d\d:\d\d(:\d\d(\.\d{{1,6}})?)?{_ZONE})?", re.ASCII)
_NAIVE = re.compile(r"\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d(:\d\d(\.\d+)?)?", re.ASCII)


def iso(at: datetime) -> str:
    """`2026-03-03T12:00:00Z`, `2026-03-03T12:00:00.000001Z`."""
    return at.astimezone(UTC).isoformat().removesuffix("+00:00") + "Z"


def minute(at: datetime) -> str:
    """`2026-03-03 12:00 UTC`, for sentences."""
    return f"{at.astimezone(UTC):%Y-%m-%d %H:%M} UTC"


def read_iso(text: str) -> datetime:
    """The instant in UTC, exact to the microsecond. Raises: ValueError that says what is wrong."""
    if _ISO.fullmatch(text) is None:
        raise ValueError("expected an instant such as 2026-03-03T12:00:00Z, with at most six decimals")
    return read_lenient(text)


def read_typed(text: str) -> datetime:
    """As `read_lenient`, but a time without a zone is UTC. Raises: ValueError."""
    return read_lenient(text + "Z" if _NAIVE.fullmatch(text) else text)


def read_lenient(text: str) -> datetime:
    """The same, more leniently: seconds may be left out, and a date alone is its first instant in UTC.

    Raises: ValueError that says what is wrong, also for a time without a zone.
    """
    if _GIVEN.fullmatch(text) is None:
        if _NAIVE.fullmatch(text) is not None:
            raise ValueError("expected an instant with a time zone, found one without; for UTC end it with Z")
        raise ValueError(
            "expected an instant such as 2026-03-03T12:00:00Z, with at most six decimals, or a date"
        )
    day, time = text[:10], text[11:].upper().replace(" ", "+")
    try:
        return datetime.fromisoformat(f"{day}T{time or '00:00Z'}").astimezone(UTC)
    except (ValueError, OverflowError):
        raise ValueError("expected an instant that exists, found one that does not") from None


def plausible(at: datetime) -> datetime:
    """The instant, if it is within the supported years. Raises: ValueError."""
    if not EARLIEST <= at < LATEST:
        span = f"{EARLIEST.year} to {LATEST.year - 1}"
        raise ValueError(f"expected an instant of the years {span}, found one of {at.year}")
    return at


def refuse_future(now: datetime, **instants: datetime | None) -> None:
    """Raises: InTheFuture for the first of the named instants that is later than now by more than `SKEW`.

    An instant from `END_OF_TIME` on selects the whole log, events with future dates included.
    """
    for name, at in instants.items():
        if at is not None and now + SKEW < at < END_OF_TIME:
            raise InTheFuture(name, iso(at))
