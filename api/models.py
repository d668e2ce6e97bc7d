"""Request and response models, field by field."""

from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    StringConstraints,
    model_validator,
)
from pydantic.json_schema import SkipJsonSchema

from events.domain.base import Key, Text
from handlers.profile import CHANGEABLE
from queries.instants import plausible, read_lenient

MAX_ITEMS = 200


def _instant(value: object) -> object:
    return plausible(read_lenient(value)) if isinstance(value, str) else value


Instant = Annotated[
    datetime,
    BeforeValidator(_instant),
    Field(
        description="ISO 8601 with a time zone, at most microseconds: 2026-03-03T12:00:00Z. "
        "A date alone is its first moment in UTC."
    ),
]
Word = Annotated[str, StringConstraints(min_length=1, max_length=320)]
Cursor = Annotated[
    str,
    StringConstraints(min_length=1, max_length=1000, pattern=r"^[A-Za-z0-9_-]+$"),
    Field(description="From `next` or `previous` of a page."),
]
Limit = Annotated[int, Field(ge=1, le=MAX_ITEMS)]
READ_AT = Field(
    None,
    description="Read at a replica: how far it was, the heads of the 64 parts.",
)


def _no_default(schema: dict[str, Any]) -> None:  # Any: JSON schema
    """An absent field is unchanged, so the schema shows no default."""
    schema.pop("default", None)


def _absent_not_null(schema: dict[str, Any]) -> None:  # Any: JSON schema
    """A parameter without a value is absent, never null."""
    for parameter in schema["properties"].values():
        del parameter["title"]
        if parameter.get("default", ...) is None:
            del parameter["default"]
            [choice] = [one for one in parameter.pop("anyOf") if one != {"type": "null"}]
            texts = [one["description"] for one in (parameter, choice) if "description" in one]
            parameter.update(choice, description=" ".join(texts))


class Question(BaseModel):
    """Base of all queries: an unknown parameter is refused, never ignored."""

    model_config = ConfigDict(extra="forbid", frozen=True, json_schema_extra=_absent_not_null)


class ProfileQuestion(Question):
    as_of: Instant | None = Field(None, description="What was true then.")
    known_at: Instant | None = Field(None, description="What was known then.")


class UsersQuestion(Question):
    email: Word | None = Field(None, description="In any case of letters.")
    stripe_customer_id: Word | None = None
    subscription_status: Word | None = None
    trial_status: Word | None = None
    limit: Limit = 50
    after: Cursor | None = None


class HistoryQuestion(ProfileQuestion):
    limit: Limit = MAX_ITEMS
    after: Cursor | None = None


class PlansQuestion(Question):
    active: Literal["true", "false"] | None = None


class EventsFilter(Question):
    user_id: Word | None = Field(None, description="The user's and their linked customers' events.")
    type: Word | None = Field(None, description="Exact, or a beginning followed by `*`.")
    source: Literal["stripe", "clerk", "tenure"] | None = None
    aggregate_id: Word | None = None
    occurred_after: Instant | None = Field(None, description="Then or later, by the source's clock.")
    occurred_before: Instant | None = Field(None, description="Before then, by the source's clock.")
    recorded_after: Instant | None = Field(None, description="Then or later, by our clock.")
    recorded_before: Instant | None = Field(None, description="Before then, by our clock.")
    include: Literal["data"] | None = Field(None, description="`data`: with the bodies.")


class EventsQuestion(EventsFilter):
    limit: Limit = 50
    after: Cursor | None = Field(None, description="`next` of a page: older events.")
    before: Cursor | None = Field(None, description="`previous` of a page: newer events.")

    @model_validator(mode="after")
    def _one_direction(self) -> "EventsQuestion":
        if self.after is not None and self.before is not None:
            raise ValueError("expected after or before, found both")
        return self


class ExportQuestion(EventsFilter):
    format: Literal["jsonl", "csv", "parquet"] = "jsonl"


class ProfileChange(BaseModel):
    """Absent fields stay; null clears a text field."""

    model_config = ConfigDict(extra="forbid", frozen=True, json_schema_extra={"minProperties": 1})

    business_name: Text | None = Field(None, json_schema_extra=_no_default)
    brand_description: Text | None = Field(None, json_schema_extra=_no_default)
    industry: Text | None = Field(None, json_schema_extra=_no_default)
    onboarding_step: Literal["step-1", "step-2", "completed"] | SkipJsonSchema[None] = Field(
        None, description="A step just finished.", json_schema_extra=_no_default
    )
    intended_plan: Key | SkipJsonSchema[None] = Field(
        None, description="A plan for sale, see /api/plans.", json_schema_extra=_no_default
    )

    @model_validator(mode="after")
    def _says_something(self) -> "ProfileChange":
        if not self.model_fields_set:
            raise ValueError(f"expected at least one of {', '.join(CHANGEABLE)}")
        for name in ("onboarding_step", "intended_plan"):
            if name in self.model_fields_set and getattr(self, name) is None:
                raise ValueError(f"{name}: expected a value, found null; leave it out instead")
        return self


class Profile(BaseModel):
    """The flat profile: columns of the five tables under their own names."""

    model_config = ConfigDict(extra="allow")

    id: str
    user_id: str
    email: str | None
    subscription_status: str
    current_plan: str
    trial_status: str
    stale: bool = Field(description="True while an event of theirs can't be folded.")


class Users(BaseModel):
    items: list[Profile]
    next: str | None
    head: list[int] | None = READ_AT


class Event(BaseModel):
    """One event; `event_data` is the body as received, or null once it was erased."""

    id: str
    part: int
    position: int
    source_system: str
    idempotency_key: str
    livemode: bool
    route_key: str
    aggregate_type: str
    aggregate_id: str
    event_type: str
    event_version: int
    metadata: dict[str, Any]  # Any: JSON
    correlation_id: str | None
    causation_id: str | None
    occurred_at: datetime
    recorded_at: datetime
    payload_digest: str
    erased: bool
    event_data: dict[str, Any] | None = None  # Any: JSON


class Events(BaseModel):
    items: list[Event]
    next: str | None
    previous: str | None
    estimated_count: int | None = Field(description="The planner's guess of all that match.")
    head: list[int] | None = READ_AT


class PlanRow(BaseModel):
    """Prices in minor units of the currency; a limit of -1 is unlimited."""

    plan_key: str
    plan_name: str
    campaigns_limit: int
    creators_limit: int
    features: dict[str, Any]  # Any: JSON
    price_monthly: int
    price_yearly: int
    currency: str
    stripe_price_id_monthly: str | None
    stripe_price_id_yearly: str | None
    is_active: bool
    display_order: int
    created_at: datetime
    updated_at: datetime


class Plans(BaseModel):
    items: list[PlanRow]


class ChangeFact(BaseModel):
    id: str
    event_type: str
    outcome: Literal["appended", "duplicate"]


class ChangedColumns(BaseModel):
    """The events that a request appended; the tables follow within moments."""

    user_id: str
    events: list[ChangeFact]


class History(BaseModel):
    items: list[dict[str, Any]]  # Any: an event and the columns it changed
    next: str | None
    head: list[int] | None = READ_AT


class Explanation(BaseModel):
    column: str
    value: Any  # Any: a column's type is the table's
    event_id: str | None
    event_type: str | None
    occurred_at: datetime | None
    actor: str | None
    reason: str | None
    rule: str | None
    projector_version: str | None
    note: str | None = Field(description="What no event shows, such as a price that names no plan.")
    undecided: bool  # the snapshots allow another order of events, with another value
    undecided_reason: str | None
    earlier: list[dict[str, Any]]  # Any: the same fields of each value before, newest first
    earlier_is_complete: bool  # false where a long history has more of them


class OddityAnswer(BaseModel):
    kind: str
    text: str
    next: str = Field(description="The command to run, or what to do at the provider.")


class WhyAnswer(BaseModel):
    """`why` is one paragraph; `odd` lists irregularities, the most urgent first."""

    user_id: str
    plan: str
    subscription_status: str
    why: str
    event_id: str | None = Field(description="The event that decided the plan.")
    odd: list[OddityAnswer]
    next: str


class Liveness(BaseModel):
    status: Literal["alive"]


class Readiness(BaseModel):
    status: Literal["ready"]
    checks: dict[str, Literal["ok"]]
