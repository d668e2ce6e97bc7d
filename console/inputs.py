"""Query parameters and form fields, parsed strictly; an invalid one is refused with a sentence."""

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
    """A query parameter without surrounding blanks; None when it is missing or empty.

    Raises: Refused.
    """
    return _clean(name, request.args.get(name, ""), most)


def field(name: str, *, most: int = TEXT_LIMIT) -> str:
    """A required form field. Raises: Refused."""
    value = _clean(name, request.form.get(name, ""), most)
    if value is None:
        raise bad_input(f"{_label(name)}: expected something, found nothing.")
    return value


def reason_field() -> str:
    """The reason for the command. Raises: Refused."""
    return field("reason", most=REASON_LIMIT)


def optional_field(name: str, *, most: int = TEXT_LIMIT) -> str | None:
    """A form field that may be empty. Raises: Refused."""
    return _clean(name, request.form.get(name, ""), most)


def optional_number(name: str, *, most: int) -> int | None:
    """A form field that may be empty, else holds a whole number from 1 to `most`. Raises: Refused."""
    value = optional_field(name, most=20)
    if value is None:
        return None
    if not (value.isascii() and value.isdigit() and 0 < int(value) <= most):
        raise bad_input(f"{_label(name)}: expected a whole number from 1 to {most}.")
    return int(value)


def optional_instant(name: str) -> datetime | None:
    """A form field that may be empty, else holds an instant, UTC without a zone. Raises: Refused."""
    value = optional_field(name, most=40)
    return None if value is None else read_instant(name, value)


def instant(name: str) -> datetime | None:
    """A query parameter as an instant; one without a zone is UTC, as the page says. Raises: Refused."""
    value = text(name, most=40)
    return None if value is None else read_instant(name, value)


def read_instant(name: str, written: str) -> datetime:
    """ISO 8601, or what a browser's date and time field sends, in UTC. Raises: Refused."""
    try:
        return read_iso(written)
    except ValueError:
        pass
    try:
        naive = datetime.fromisoformat(written)
        if naive.tzinfo is None:
            return naive.replace(tzinfo=UTC)
    except ValueError:
        pass
    raise bad_input(f"{_label(name)}: expected an instant such as 2026-03-03T12:00:00Z, found {written!r}.")


def choice(name: str, choices: tuple[str, ...]) -> str | None:
    """A query parameter that is one of `choices`. Raises: Refused."""
    value = text(name)
    if value is not None and value not in choices:
        raise bad_input(f"{_label(name)}: expected one of {', '.join(choices)}.")
    return value


def uuid(name: str) -> UUID | None:
    """A query parameter as a UUID. Raises: Refused."""
    value = text(name, most=36)
    if value is None:
        return None
    try:
        return UUID(value)
    except ValueError:
        raise bad_input(f"{_label(name)}: expected an id.") from None


def _clean(name: str, raw: str, most: int) -> str | None:
    value = storable(raw.strip())
    if len(value) > most:
        raise bad_input(f"{_label(name)}: expected at most {most} characters.")
    return value or None


def _label(name: str) -> str:
    return name.replace("_", " ").capitalize()
