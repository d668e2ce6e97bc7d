"""The log's input and output: new events, append results, stored events."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal
from uuid import UUID

Outcome = Literal["appended", "duplicate", "conflict"]


@dataclass(frozen=True, slots=True, kw_only=True)
class NewEvent:
    """A fact to append to the log; `payload` is the exact JSON text that is stored."""

    source_system: str
    idempotency_key: str
    route_key: str
    aggregate_type: str
    aggregate_id: str
    event_type: str
    payload: str
    occurred_at: datetime
    event_version: int = 1
    livemode: bool = True
    metadata: Mapping[str, Any] = field(default_factory=dict)  # Any: JSON values
    correlation_id: str | None = None
    causation_id: str | None = None


@dataclass(frozen=True, slots=True)
class Appended:
    """The result of an append; for a duplicate or a conflict, the event that already has the key."""

    outcome: Outcome
    id: UUID
    part: int
    position: int
    recorded_at: datetime
