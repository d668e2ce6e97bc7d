"""/api/campaigns: a user's campaigns and the commands on them."""

from datetime import datetime
from typing import Any, Literal

from flask import Blueprint, Response
from pydantic import BaseModel, ConfigDict

from api.aggregate_views import (
    CODES,
    ChangeOrder,
    DecidedChange,
    Name,
    OwnerQuestion,
    PageQuestion,
    PlatformOrder,
    Prose,
    VersionedOrder,
    done,
    one,
    ordered,
    paged,
    some_of,
    unsaid,
    uuid_of,
    version_of,
)
from api.auth import noted, requires
from api.deps import deps
from api.openapi import documented
from handlers.campaigns import NewCampaign, create_campaign, move_campaign, update_campaign
from queries.campaigns import CampaignFilter, campaign, list_campaigns

campaigns = Blueprint("campaigns", __name__, url_prefix="/api/campaigns")

_TAGS = ("campaigns",)
WHAT = "campaign"
Status = Literal["draft", "active", "completed", "archived"]


class CampaignOrder(PlatformOrder):
    name: Name
    description: Prose | None = None
    search_type: Name | None = None


class CampaignChange(ChangeOrder):
    model_config = ConfigDict(json_schema_extra=some_of("name", "description", "search_type"))

    name: Name = unsaid("")
    description: Prose | None = unsaid()
    search_type: Name | None = unsaid()


class CampaignAction(VersionedOrder):
    action: Literal["activate", "complete", "archive"]


class CampaignQuestion(OwnerQuestion):
    include: Literal["jobs"] | None = None


class CampaignsQuestion(PageQuestion):
    status: Status | None = None
    search_type: Name | None = None
    include: Literal["jobs"] | None = None


class CampaignRow(BaseModel):
    """`stale`: its history stops at an event that can't be folded. `jobs`: its newest 20, on request."""

    id: str
    user_id: str
    name: str
    description: str | None
    search_type: str | None
    status: Status
    version: int
    stale: bool
    created_at: datetime
    updated_at: datetime
    jobs: list[dict[str, Any]] | None = None  # Any: a job's columns


class Campaigns(BaseModel):
    items: list[CampaignRow]
    next: str | None
    total: int
    total_is_estimate: bool


@campaigns.get("")
@requires("service")
@documented(query=CampaignsQuestion, tags=_TAGS, HTTP_200=Campaigns)
def show_all(query: CampaignsQuestion) -> Response:
    """A user's campaigns, newest first; with `include=jobs` each with its newest jobs."""
    where = CampaignFilter(user_id=query.user_id, status=query.status, search_type=query.search_type)
    with deps().pool.connection() as conn:
        page = list_campaigns(
            conn, where, limit=query.limit, after=query.after, jobs=query.include is not None
        )
        noted(conn, subjects=[query.user_id], fields=["campaigns"])
    return paged(page)


@campaigns.get("/<key:campaign_id>")
@requires("service")
@documented(query=CampaignQuestion, tags=_TAGS, HTTP_200=CampaignRow, HTTP_404=None)
def show(campaign_id: str, query: CampaignQuestion) -> Response:
    """One campaign of the user; its ETag is its version."""
    row_id = uuid_of(campaign_id, WHAT)
    with deps().pool.connection() as conn:
        row = campaign(conn, row_id, query.user_id, jobs=query.include is not None)
        noted(conn, subjects=[query.user_id], fields=["campaigns"])
    return one(row, WHAT)


@campaigns.post("")
@requires("service")
@documented(json=CampaignOrder, tags=_TAGS, HTTP_201=DecidedChange, **CODES)
def create(json: CampaignOrder) -> Response:
    """Create a draft. Beyond the plan's limit: 409 `limit-exceeded`, and nothing is written."""
    issued = ordered(json, "campaign.create", user_id=json.user_id)
    new = NewCampaign(name=json.name, description=json.description, search_type=json.search_type)
    return done(lambda conn: create_campaign(conn, issued, new), issued, status=201)


@campaigns.patch("/<key:campaign_id>")
@requires("service")
@documented(json=CampaignChange, tags=_TAGS, HTTP_200=DecidedChange, **CODES)
def change(campaign_id: str, json: CampaignChange) -> Response:
    """Change a campaign; absent fields stay, null clears."""
    row_id, version = uuid_of(campaign_id, WHAT), version_of(json)
    issued = ordered(json, "campaign.update", row_id, user_id=json.user_id)
    changes = json.changes()
    return done(
        lambda conn: update_campaign(conn, issued, row_id, changes, version=version),
        issued,
    )


@campaigns.post("/<key:campaign_id>/actions")
@requires("service")
@documented(json=CampaignAction, tags=_TAGS, HTTP_200=DecidedChange, **CODES)
def act(campaign_id: str, json: CampaignAction) -> Response:
    """Activate, complete or archive. In another state: 409 `wrong-state` with the allowed states.

    Archiving frees a place under the plan's limit, and is permanent.
    """
    row_id, version = uuid_of(campaign_id, WHAT), version_of(json)
    issued = ordered(json, f"campaign.{json.action}", row_id, user_id=json.user_id)
    return done(
        lambda conn: move_campaign(conn, issued, row_id, json.action, version=version),
        issued,
    )
