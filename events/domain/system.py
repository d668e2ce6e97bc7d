"""Events of the service itself: the plan catalog, configuration, replays, seals."""

from typing import Annotated, Any, ClassVar, Literal

from pydantic import Field

from events.domain.base import DomainEvent, Instant, Key, Text

Limit = Annotated[int, Field(ge=-1, le=2_147_483_647)]
MinorUnits = Annotated[int, Field(ge=0, le=9_223_372_036_854_775_807)]


class PlanPublished(DomainEvent):
    """A complete version of a plan: it replaces the previous version. A limit of -1 is unlimited."""

    event_type = "plan.published"
    aggregate_type: ClassVar[str] = "plan"
    plan_key: Key
    plan_name: Text
    campaigns_limit: Limit
    creators_limit: Limit
    features: dict[str, Any] = Field(default_factory=dict)  # Any: the platform's own JSON
    price_monthly: MinorUnits = 0
    price_yearly: MinorUnits = 0
    currency: Key = "usd"
    stripe_price_id_monthly: Key | None = None
    stripe_price_id_yearly: Key | None = None
    display_order: Annotated[int, Field(ge=-2_147_483_648, le=2_147_483_647)] = 0


class PlanRetired(DomainEvent):
    """The plan is no longer sold; users who have it keep it."""

    event_type = "plan.retired"
    aggregate_type: ClassVar[str] = "plan"
    plan_key: Key


class ConfigurationChanged(DomainEvent):
    event_type = "configuration.changed"
    aggregate_type: ClassVar[str] = "configuration"
    category: Key
    key: Key
    value: Any  # Any: the value's type is named beside it
    value_type: Literal["number", "duration", "boolean", "string", "json"]
    description: Text = ""
    is_hot_reloadable: bool = True


class LoggingChanged(DomainEvent):
    event_type = "logging.changed"
    aggregate_type: ClassVar[str] = "logging"
    logger: Key
    level: Literal["DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL"]
    until: Instant | None = None


class ProjectionReplayed(DomainEvent):
    """A receipt: this code folded the log up to these heads to these rows."""

    event_type = "projection.replayed"
    aggregate_type: ClassVar[str] = "projection"
    heads: tuple[int, ...]
    projector_version: Key
    rows: dict[str, int]
    digest: Key
    duration_ms: int


class AccessLogTrimmed(DomainEvent):
    """Retention deleted the access log's oldest rows, up to and including an instant."""

    event_type = "access_log.trimmed"
    aggregate_type: ClassVar[str] = "access_log"
    through: Instant
    rows: Annotated[int, Field(gt=0)]


class CheckpointsRemoved(DomainEvent):
    """Retention deleted old checkpoints. `removed` are first and last number of each run of them.

    `note` states the same, signed by the keys that sign checkpoints: without it their absence is a finding.
    """

    event_type = "log.checkpoints_removed"
    aggregate_type: ClassVar[str] = "log"
    removed: tuple[tuple[int, int], ...]
    rows: Annotated[int, Field(gt=0)]
    note: Text
