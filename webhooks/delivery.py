"""One delivery as metrics and logs see it; nothing in it is personal or secret."""

from collections.abc import Callable
from dataclasses import dataclass
from uuid import UUID

import structlog


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """The outcome of one delivery.

    `outcome`: appended, duplicate, conflict, unreadable, refused, too_large, closed, unavailable, failed.
    `reason` says why where the outcome alone does not; it is one of few words for `refused`.
    `append_s`: seconds of the append; None when nothing was appended.
    """

    source: str
    outcome: str
    reason: str | None = None
    event_type: str | None = None
    event_id: UUID | None = None
    secret_index: int | None = None
    append_s: float | None = None


Observe = Callable[[Delivery, float], None]  # the delivery, and seconds from its last byte to its answer

_logger = structlog.get_logger("tenure.webhooks")
_LEVELS = {
    "conflict": "warning",
    "unreadable": "warning",
    "closed": "warning",
    "unavailable": "error",
    "failed": "error",
}


def log(delivery: Delivery, *, request_id: str, status: int, seconds: float) -> None:
    """One line for each delivery, whatever its outcome."""
    fields = {
        "reason": delivery.reason,
        "event_type": delivery.event_type,
        "event_id": None if delivery.event_id is None else str(delivery.event_id),
        "secret_index": delivery.secret_index,
        "append_ms": None if delivery.append_s is None else _ms(delivery.append_s),
    }
    write = getattr(_logger, _LEVELS.get(delivery.outcome, "info"))
    write(
        "webhook delivery",
        source=delivery.source,
        outcome=delivery.outcome,
        status=status,
        request_id=request_id,
        took_ms=_ms(seconds),
        **{name: value for name, value in fields.items() if value is not None},
    )


def _ms(seconds: float) -> float:
    return round(seconds * 1000, 2)
