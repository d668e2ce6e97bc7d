"""Instants as text: ISO 8601 in UTC, microseconds only where there are any."""

import re
from datetime import UTC, datetime, timedelta

from queries.errors import InTheFuture

END_OF_TIME = datetime(2099, 1, 1, tzinfo=UTC)
SKEW = timedelta(minutes=1)  # by which a caller's clock may be ahead of ours

EARLIEST, LATEST = datetime(1970, 1, 1, tzinfo=UTC), datetime(3000, 1, 1, tzinfo=UTC)

# A space where the sign belongs is a plus that a URL turned into one.
_ZONE = r"([Zz]|[+\- ]\d\d:\d\d)"
_ISO = re.compile(rf"\d{{4}}-\d\d-\d\d[Tt]\d\d:\d\d:\d\d(\.\d{{1,6}})?{_ZONE}", re.ASCII)
_GIVEN = re.compile(rf"\d{{4}}-\d\d-\d\d([Tt ]\d\d:\d\d(:\d\d(\.\d{{1,6}})?)?{_ZONE})?", re.ASCII)
_NAIVE = re.compile(r"\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d(:\d\d(\.\d+)?)?", re.ASCII)


def iso(at: datetime) -> str:
    """`2026-03-03T12:00:00Z`, `2026-03-03T12:00:00.000001Z`."""
    return at.astimezone(UTC).isoformat().removesuffix("+00:00") + "Z"


def read_iso(text: str) -> datetime:
    """The instant in UTC, exact to the microsecond. Raises: ValueError that says what is wrong."""
    if _ISO.fullmatch(text) is None:
        raise ValueError("expected an instant such as 2026-03-03T12:00:00Z, with at most six decimals")
    return read_given(text)


def read_typed(text: str) -> datetime:
    """As `read_given`, but a time without a zone is UTC. Raises: ValueError."""
    return read_given(text + "Z" if _NAIVE.fullmatch(text) else text)


def read_given(text: str) -> datetime:
    """The same of what people write: seconds may be left out, and a date alone is its first moment in UTC.

    Raises: ValueError that says what is wrong, also of a time without a zone.
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


def asked(at: datetime) -> datetime:
    """An instant that a person or a service asks for, if it is one that can matter. Raises: ValueError."""
    if not EARLIEST <= at < LATEST:
        span = f"{EARLIEST.year} to {LATEST.year - 1}"
        raise ValueError(f"expected an instant of the years {span}, found one of {at.year}")
    return at


def refuse_future(now: datetime, **instants: datetime | None) -> None:
    """Raises: InTheFuture for the first of the named instants that lies after now, by more than `SKEW`.

    An instant from `END_OF_TIME` on asks for the whole log, events dated ahead included.
    """
    for name, at in instants.items():
        if at is not None and now + SKEW < at < END_OF_TIME:
            raise InTheFuture(name, iso(at))
