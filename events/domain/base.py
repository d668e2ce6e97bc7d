"""The base of domain events: frozen, typed, versioned, named in the past tense."""

from datetime import UTC, datetime
from typing import Annotated, Any, ClassVar

from pydantic import (
    AfterValidator,
    AwareDatetime,
    BaseModel,
    ConfigDict,
    StringConstraints,
    model_validator,
)

from events.text import storable_value


def _utc(at: datetime) -> datetime:
    return at.astimezone(UTC)


Instant = Annotated[AwareDatetime, AfterValidator(_utc)]
Key = Annotated[str, StringConstraints(min_length=1, max_length=200)]
Text = Annotated[str, StringConstraints(max_length=10_000)]


class DomainEvent(BaseModel):
    """A fact that Tenure decided or observed; its fields are the event's payload, every string storable.

    Readers ignore fields they don't know, so an older service can fold a newer service's events.
    """

    model_config = ConfigDict(frozen=True, extra="ignore")

    event_type: ClassVar[str]
    event_version: ClassVar[int] = 1
    aggregate_type: ClassVar[str] = "user"

    @model_validator(mode="before")
    @classmethod
    def _storable(cls, fields: Any) -> Any:  # Any: whatever is validated
        return storable_value(fields)

    def about(self) -> str | None:
        """The id of the aggregate if it is in the payload; None for the user itself."""
        return None
