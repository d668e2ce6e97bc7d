"""What our own events share: frozen, typed, versioned, told in the past tense."""

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
    """A fact we decided or observed ourselves; its fields are the event's payload, every text in it storable.

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
        """The id of the aggregate, where that is in the payload; None where it is the user's own."""
        return None
