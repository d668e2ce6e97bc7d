"""campaigns: draft, active, completed, archived; only forward, and archived is final."""

from datetime import datetime

from msgspec import UNSET, Struct, UnsetType

from projections.aggregates.aggregate import Aggregate, AggregateKey, Kind, Rule, reader_of


class Campaign(Aggregate):
    name: str
    description: str | None
    search_type: str | None
    status: str


class CampaignCreation(Struct):
    name: str
    description: str | None = None
    search_type: str | None = None


class CampaignUpdate(Struct):
    name: str | UnsetType | None = UNSET
    description: str | UnsetType | None = UNSET
    search_type: str | UnsetType | None = UNSET


class Nothing(Struct):
    """An event without fields of its own."""


def create(key: AggregateKey, payload: CampaignCreation, at: datetime) -> Campaign:
    return Campaign(
        id=key.id,
        user_id=key.user_id,
        version=1,
        unfolded_event_id=None,
        created_at=at,
        updated_at=at,
        name=payload.name,
        description=payload.description,
        search_type=payload.search_type,
        status="draft",
    )


def _updated(state: Campaign, payload: CampaignUpdate, _: datetime) -> None:
    if state.status == "archived":
        return
    if isinstance(payload.name, str):
        state.name = payload.name
    if not isinstance(payload.description, UnsetType):
        state.description = payload.description
    if not isinstance(payload.search_type, UnsetType):
        state.search_type = payload.search_type


def _activated(state: Campaign, _: Nothing, __: datetime) -> None:
    if state.status == "draft":
        state.status = "active"


def _completed(state: Campaign, _: Nothing, __: datetime) -> None:
    if state.status in ("draft", "active"):
        state.status = "completed"


def _archived(state: Campaign, _: Nothing, __: datetime) -> None:
    state.status = "archived"


CAMPAIGNS = Kind(
    prefix="campaign.",
    id_of=reader_of("campaign_id"),
    payload=CampaignCreation,
    create=create,
    rules={
        "campaign.updated": Rule(CampaignUpdate, _updated),
        "campaign.activated": Rule(Nothing, _activated),
        "campaign.completed": Rule(Nothing, _completed),
        "campaign.archived": Rule(Nothing, _archived),
    },
)
