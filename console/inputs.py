"""What people type into addresses and forms, read strictly and refused with a sentence."""

from datetime import UTC, datetime
from uuid import UUID

from flask import request

from console.errors import bad_input
from events.text import storable
from queries.instants import read_iso

TEXT_LIMIT = 400
REASON_LIMIT = 500  # as over HTTP
LIMIT = 50


def text(name: str, *, most: int = TEXT_LIMIT) -> str | None:
    """A query parameter without the blanks around it; None when it is missing or empty.

    Raises: Refused.
    """
    return _clean(name, request.args.get(name, ""), most)


def field(name: str, *, most: int = TEXT_LIMIT) -> str:
    """A form field that must be there. Raises: Refused."""
    found = _clean(name, request.form.get(name, ""), most)
    if found is None:
        raise bad_input(f"{_label(name)}: expected something, found nothing.")
    return found


def reason_field() -> str:
    """Why somebody does it. Raises: Refused."""
    return field("reason", most=REASON_LIMIT)


def optional_field(name: str, *, most: int = TEXT_LIMIT) -> str | None:
    """A form field that may be empty. Raises: Refused."""
    return _clean(name, request.form.get(name, ""), most)


def optional_number(name: str, *, most: int) -> int | None:
    """A form field that may be empty, else holds a whole number from 1 to `most`. Raises: Refused."""
    found = optional_field(name, most=20)
    if found is None:
        return None
    if not (found.isascii() and found.isdigit() and 0 < int(found) <= most):
        raise bad_input(f"{_label(name)}: expected a whole number from 1 to {most}.")
    return int(found)


def optional_instant(name: str) -> datetime | None:
    """A form field that may be empty, else holds an instant, UTC without a zone. Raises: Refused."""
    found = optional_field(name, most=40)
    return None if found is None else read_instant(name, found)


def instant(name: str) -> datetime | None:
    """A query parameter as an instant; one without a zone is UTC, as the page says. Raises: Refused."""
    found = text(name, most=40)
    return None if found is None else read_instant(name, found)


def read_instant(name: str, found: str) -> datetime:
    """ISO 8601, or what a browser's date and time field sends, in UTC. Raises: Refused."""
    try:
        return read_iso(found)
    except ValueError:
        pass
    try:
        naive = datetime.fromisoformat(found)
        if naive.tzinfo is None:
            return naive.replace(tzinfo=UTC)
    except ValueError:
        pass
    raise bad_input(f"{_label(name)}: expected an instant such as 2026-03-03T12:00:00Z, found {found!r}.")


def choice(name: str, choices: tuple[str, ...]) -> str | None:
    """A query parameter that is one of `choices`. Raises: Refused."""
    found = text(name)
    if found is not None and found not in choices:
        raise bad_input(f"{_label(name)}: expected one of {', '.join(choices)}.")
    return found


def uuid(name: str) -> UUID | None:
    """A query parameter as a UUID. Raises: Refused."""
    found = text(name, most=36)
    if found is None:
        return None
    try:
        return UUID(found)
    except ValueError:
        raise bad_input(f"{_label(name)}: expected an id.") from None


def _clean(name: str, given: str, most: int) -> str | None:
    found = storable(given.strip())
    if len(found) > most:
        raise bad_input(f"{_label(name)}: expected at most {most} characters.")
    return found or None


def _label(name: str) -> str:
    return name.replace("_", " ").capitalize()
