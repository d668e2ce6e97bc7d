"""Due times of handlers: a grid in UTC, the same for every process, without daylight saving time."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from events.clock import EPOCH
from events.statements import AnyConnection

Result = Mapping[str, Any]  # Any: JSON values

RETRY_FIRST_S = 1.0
RETRY_CAP_S = 300.0


@dataclass(frozen=True, slots=True)
class Scheduled:
    """A handler and its period. `run` gets a connection in autocommit, outside any transaction.

    It may be called twice for the same due time (a worker was killed before it recorded the end), so its
    effects need idempotency keys, as every event has.
    """

    name: str
    every: timedelta
    run: Callable[[AnyConnection, datetime], Result]
    does: str = ""


def due_at(every: timedelta, now: datetime) -> datetime:
    """The last instant at or before `now` at which something of that period was due."""
    return EPOCH + (now - EPOCH) // every * every


def retry_s(failures: int, every: timedelta) -> float:
    """Seconds until a handler is retried after `failures` consecutive failures."""
    wait_s = RETRY_FIRST_S * 2.0 ** min(failures - 1, 20)
    return min(wait_s, RETRY_CAP_S, every.total_seconds())
