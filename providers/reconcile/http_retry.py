"""Request a provider's API with retries: what is retried, the waits, and when to give up."""

import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

import structlog

from events.errors import UnreadablePayload
from events.text import storable_json
from providers.reconcile.errors import NotThere, ProviderAway, ProviderRefused
from providers.reconcile.rate_limit import RateLimit

MAX_TRIES = 8
FIRST_WAIT_S = 0.5
LONGEST_WAIT_S = 30.0
LONGEST_HOLD_S = 300.0

_log = structlog.get_logger("tenure.reconcile")


@dataclass(frozen=True, slots=True)
class ProviderResponse:
    """One HTTP response; `status` 0 means there was none, and `message` says why."""

    status: int
    body: bytes = b""
    headers: Mapping[str, str] | None = None
    message: str = ""


def ask(
    provider: str,
    path: str,
    send: Callable[[], ProviderResponse],
    *,
    pace: RateLimit,
    now: Callable[[], datetime],
    chance: Callable[[], float] = random.random,
) -> ProviderResponse:
    """The first usable response.

    Raises: NotThere (404), ProviderRefused (any other 4xx but 409 and 429), ProviderAway.
    """
    last = "nothing"
    for tries in range(1, MAX_TRIES + 1):
        pace.wait()
        answer = send()
        if 200 <= answer.status < 300:
            return replace(answer, body=_readable(answer.body))
        if answer.status == 404:
            raise NotThere(provider, path)
        last = answer.message or f"HTTP {answer.status}"
        if 400 <= answer.status < 500 and answer.status not in (409, 429):
            raise ProviderRefused(provider, path, answer.status, answer.message)
        if tries == MAX_TRIES:
            break
        _wait(answer, tries, pace, now(), chance)
        _log.info("provider request retried", provider=provider, path=path, tries=tries, last=last)
    raise ProviderAway(provider, path, MAX_TRIES, last)


def _readable(body: bytes) -> bytes:
    """With U+FFFD for what no decoder reads, so that one object's text hides no other's; else as it is."""
    try:
        return storable_json(body.decode()).encode()
    except (UnicodeDecodeError, UnreadablePayload):
        return body


def _wait(
    answer: ProviderResponse, tries: int, pace: RateLimit, now: datetime, chance: Callable[[], float]
) -> None:
    """Wait as Retry-After says, in all threads; else exponentially, half of it random."""
    asked_s = retry_after_s(answer.headers or {}, now)
    if asked_s is not None:
        pace.hold(asked_s)
        return
    wait_s = min(LONGEST_WAIT_S, FIRST_WAIT_S * 2.0 ** (tries - 1))
    pace.sleep(wait_s * (0.5 + chance() / 2))


def retry_after_s(headers: Mapping[str, str], now: datetime) -> float | None:
    """Seconds of a Retry-After, given as seconds or as a date; bounded, None when there is none."""
    text = header(headers, "retry-after")
    if text is None:
        return None
    if text.strip().isascii() and text.strip().isdigit():
        return min(float(text), LONGEST_HOLD_S)
    until = http_date(text)
    return None if until is None else min(max(0.0, (until - now).total_seconds()), LONGEST_HOLD_S)


def http_date(text: str | None) -> datetime | None:
    """The instant of an HTTP date; None for anything else."""
    try:
        instant = parsedate_to_datetime(text or "")
    except (TypeError, ValueError):
        return None
    return instant.replace(tzinfo=UTC) if instant.tzinfo is None else instant.astimezone(UTC)


def header(headers: Mapping[str, str], name: str) -> str | None:
    """A header whatever the case of its name."""
    return next((value for key, value in headers.items() if key.lower() == name), None)
