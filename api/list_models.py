"""Request and response models of lists of creators."""

from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from api.aggregate_views import (
    ChangeOrder,
    Flag,
    JsonObject,
    Name,
    OwnerQuestion,
    PageQuestion,
    PlatformOrder,
    Prose,
    Short,
    VersionedOrder,
    Whole,
    some_of,
    unsaid,
)
from api.models import Word

Tags = Annotated[list[Short], Field(max_length=50)]


class ListOrder(PlatformOrder):
    name: Name
    description: Prose | None = None
    type: Short = "custom"
    privacy: Short = "private"
    tags: Tags = Field(default_factory=list)


class ListChange(ChangeOrder):
    model_config = ConfigDict(json_schema_extra=some_of("name", "description", "type", "privacy", "tags"))

    name: Name = unsaid("")
    description: Prose | None = unsaid()
    type: Short = unsaid("")
    privacy: Short = unsaid("")
    tags: Tags = unsaid(())


class ListAction(VersionedOrder):
    action: Literal["archive", "restore"]


class ItemOrder(VersionedOrder):
    creator_id: Name
    creator: JsonObject | None = None
    position: Whole | None = Field(None, description="Behind the others when left out.")
    bucket: Short = "backlog"
    notes: Prose | None = None
    pinned: bool = False


class ItemChange(ChangeOrder):
    model_config = ConfigDict(json_schema_extra=some_of("position", "bucket", "notes", "pinned"))

    position: Whole = unsaid(0)
    bucket: Short = unsaid("")
    notes: Prose | None = unsaid()
    pinned: bool = unsaid(False)


class ListQuestion(OwnerQuestion):
    include: Literal["items"] | None = None


class ListsQuestion(PageQuestion):
    type: Word | None = None
    privacy: Word | None = None
    tag: Word | None = None
    archived: Flag | None = None
    creator_id: Word | None = Field(None, description="The creator is in it.")
    include: Literal["items"] | None = None


class ItemsQuestion(PageQuestion):
    bucket: Word | None = None
    pinned: Flag | None = None
    include: Literal["creator"] | None = None


class CreatorListRow(BaseModel):
    """`items`: its first 20, on request."""

    id: str
    user_id: str
    name: str
    description: str | None
    type: str
    privacy: str
    tags: list[str]
    is_archived: bool
    items_count: int
    version: int
    stale: bool
    created_at: datetime
    updated_at: datetime
    items: list[dict[str, Any]] | None = None  # Any: an item's columns


class CreatorLists(BaseModel):
    items: list[CreatorListRow]
    next: str | None
    total: int
    total_is_estimate: bool


class ListItem(BaseModel):
    """`creator`: the platform's JSON about the creator, on request."""

    id: str
    list_id: str
    creator_id: str
    position: int
    bucket: str
    notes: str | None
    pinned: bool
    created_at: datetime
    updated_at: datetime
    creator: dict[str, Any] | None = None  # Any: JSON values


class ListItems(BaseModel):
    items: list[ListItem]
    next: str | None
    total: int
    total_is_estimate: bool
