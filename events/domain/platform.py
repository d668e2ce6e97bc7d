"""Events of the platform's work that belong to a user: campaigns, jobs, lists."""

from typing import Annotated, Any, ClassVar
from uuid import UUID

from pydantic import Field

from events.domain.base import DomainEvent, Instant, Key, Text


class CampaignEvent(DomainEvent):
    aggregate_type: ClassVar[str] = "campaign"
    campaign_id: UUID

    def about(self) -> str:
        return str(self.campaign_id)


class CampaignCreated(CampaignEvent):
    event_type = "campaign.created"
    name: Text
    description: Text | None = None
    search_type: Key | None = None


class CampaignUpdated(CampaignEvent):
    """A field left out is unchanged; null clears."""

    event_type = "campaign.updated"
    name: Text | None = None
    description: Text | None = None
    search_type: Key | None = None


class CampaignActivated(CampaignEvent):
    event_type = "campaign.activated"


class CampaignCompleted(CampaignEvent):
    event_type = "campaign.completed"


class CampaignArchived(CampaignEvent):
    event_type = "campaign.archived"


class JobEvent(DomainEvent):
    aggregate_type: ClassVar[str] = "job"
    job_id: UUID

    def about(self) -> str:
        return str(self.job_id)


class JobCreated(JobEvent):
    event_type = "job.created"
    campaign_id: UUID | None = None
    run_id: Key | None = None
    platform: Key | None = None
    region: Key | None = None
    keywords: Any = None  # Any: the platform's own JSON
    search_params: Any = None  # Any: the platform's own JSON
    target_username: Text | None = None
    target_results: int | None = None
    qstash_message_id: Key | None = None
    timeout_at: Instant | None = None


class JobStarted(JobEvent):
    """Values known only once the job runs; a field left out is unchanged."""

    event_type = "job.started"
    run_id: Key | None = None
    qstash_message_id: Key | None = None
    timeout_at: Instant | None = None


class JobProgressed(JobEvent):
    """The scraper's progress; a field left out is unchanged."""

    event_type = "job.progressed"
    processed_runs: int | None = None
    processed_results: int | None = None
    cursor: int | None = None
    progress_basis_points: Annotated[int, Field(ge=0, le=10_000)] | None = None


class JobResultsRecorded(JobEvent):
    """`count` creators were stored; the digest is SHA-256 of the stored JSON, in hex."""

    event_type = "job.results_recorded"
    result_id: UUID
    count: Annotated[int, Field(ge=0, le=1_000_000_000)]
    digest: Key


class JobCompleted(JobEvent):
    event_type = "job.completed"


class JobFailed(JobEvent):
    event_type = "job.failed"
    error: Text


class JobTimedOut(JobEvent):
    event_type = "job.timed_out"
    timeout_at: Instant


class ListEvent(DomainEvent):
    aggregate_type: ClassVar[str] = "list"
    list_id: UUID

    def about(self) -> str:
        return str(self.list_id)


class ListCreated(ListEvent):
    event_type = "list.created"
    name: Text
    description: Text | None = None
    type: Key = "custom"
    privacy: Key = "private"
    tags: tuple[Key, ...] = ()


class ListUpdated(ListEvent):
    """A field left out is unchanged; null clears."""

    event_type = "list.updated"
    name: Text | None = None
    description: Text | None = None
    type: Key | None = None
    privacy: Key | None = None
    tags: tuple[Key, ...] | None = None


class ListArchived(ListEvent):
    event_type = "list.archived"


class ListRestored(ListEvent):
    """Taken out of the archive again."""

    event_type = "list.restored"


class ListDeleted(ListEvent):
    """The list and its items are deleted permanently."""

    event_type = "list.deleted"


class ListItemAdded(ListEvent):
    event_type = "list.item_added"
    item_id: UUID
    creator_id: Key
    creator: Any = None  # Any: the platform's own JSON about the creator
    position: int = 0
    bucket: Key = "backlog"
    notes: Text | None = None
    pinned: bool = False


class ListItemRemoved(ListEvent):
    event_type = "list.item_removed"
    item_id: UUID


class ListItemUpdated(ListEvent):
    """A field left out is unchanged; null clears the notes."""

    event_type = "list.item_updated"
    item_id: UUID
    position: int | None = None
    bucket: Key | None = None
    notes: Text | None = None
    pinned: bool | None = None
