"""Instants as text: ISO 8601 in UTC, microseconds only where there are any."""

import re
from datetime import UTC, datetime

# A space where the sign belongs is a plus that a URL turned into one.
_ISO = re.compile(r"\d{4}-\d\d-\d\d[Tt]\d\d:\d\d:\d\d(\.\d{1,6})?([Zz]|[+\- ]\d\d:\d\d)", re.ASCII)
_NAIVE = re.compile(r"\d{4}-\d\d-\d\d([Tt ]\d\d:\d\d(:\d\d(\.\d+)?)?)?", re.ASCII)


def iso(at: datetime) -> str:
    """`2026-03-03T12:00:00Z`, `2026-03-03T12:00:00.000001Z`."""
    return at.astimezone(UTC).isoformat().removesuffix("+00:00") + "Z"


def read_iso(text: str) -> datetime:
    """The instant, in UTC, exact to the microsecond. Raises: ValueError that says what is wrong."""
    if _ISO.fullmatch(text) is None:
        if _NAIVE.fullmatch(text) is not None:
            raise ValueError("expected an instant with a time zone, found one without; for UTC end it with Z")
        raise ValueError("expected an instant such as 2026-03-03T12:00:00Z, with at most six decimals")
    try:
        return datetime.fromisoformat(text.upper().replace(" ", "+")).astimezone(UTC)
    except (ValueError, OverflowError):
        raise ValueError("expected an instant that exists, found one that does not") from None
