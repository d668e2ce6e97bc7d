"""creator_lists and list_items: a list and what is in it are one aggregate; no creator is in it twice."""

from datetime import datetime
from uuid import UUID

from msgspec import UNSET, Raw, Struct, UnsetType, field

from projections.aggregates.aggregate import Aggregate, AggregateKey, Kind, Rule, reader_of
from projections.aggregates.campaigns import Nothing
from projections.aggregates.field_types import NULL, Json, Named, Whole, kept


class Item(Struct):
    """A creator in a list; a state read from its row comes without the creator's JSON."""

    id: UUID
    creator_id: str
    position: int
    bucket: str
    notes: str | None
    pinned: bool
    created_at: datetime
    updated_at: datetime
    creator: Json = UNSET


class CreatorList(Aggregate):
    """`items` may be only those that the events at hand are about; `removed` are gone from the table."""

    name: str
    description: str | None
    type: str
    privacy: str
    tags: list[str]
    is_archived: bool
    items_count: int
    items: dict[UUID, Item] = field(default_factory=dict)
    creators: set[str] = field(default_factory=set)
    changed: set[UUID] = field(default_factory=set)
    removed: set[UUID] = field(default_factory=set)
    deleted: bool = False


class Created(Struct):
    name: str
    description: str | None = None
    type: str = "custom"
    privacy: str = "private"
    tags: list[str] = field(default_factory=list)


class Updated(Struct):
    name: str | None = None
    description: str | UnsetType | None = UNSET
    type: str | None = None
    privacy: str | None = None
    tags: list[str] | UnsetType | None = UNSET


class Added(Struct):
    item_id: UUID
    creator_id: Named
    creator: Raw = NULL
    position: Whole = 0
    bucket: str = "backlog"
    notes: str | None = None
    pinned: bool = False


class ItemUpdated(Struct):
    item_id: UUID
    position: Whole | None = None
    bucket: str | None = None
    notes: str | UnsetType | None = UNSET
    pinned: bool | None = None


class Removed(Struct):
    item_id: UUID


class Touched(Struct):
    """What of an event tells which items it is about."""

    item_id: UUID | None = None
    creator_id: str | None = None


def create(key: AggregateKey, said: Created, at: datetime) -> CreatorList:
    return CreatorList(
        id=key.id,
        user_id=key.user_id,
        version=1,
        unfolded_event_id=None,
        created_at=at,
        updated_at=at,
        name=said.name,
        description=said.description,
        type=said.type,
        privacy=said.privacy,
        tags=said.tags,
        is_archived=False,
        items_count=0,
    )


def _updated(state: CreatorList, said: Updated, _: datetime) -> None:
    state.name = state.name if said.name is None else said.name
    state.type = said.type or state.type
    state.privacy = said.privacy or state.privacy
    if not isinstance(said.description, UnsetType):
        state.description = said.description
    if not isinstance(said.tags, UnsetType):
        state.tags = said.tags or []


def _archived(state: CreatorList, _: Nothing, __: datetime) -> None:
    state.is_archived = True


def _restored(state: CreatorList, _: Nothing, __: datetime) -> None:
    state.is_archived = False


def _deleted(state: CreatorList, _: Nothing, __: datetime) -> None:
    state.deleted = True


def _added(state: CreatorList, said: Added, at: datetime) -> None:
    """Of two additions of one creator the first counts; so of two under one id."""
    if said.item_id in state.items or said.creator_id in state.creators:
        return
    state.creators.add(said.creator_id)
    state.items[said.item_id] = Item(
        id=said.item_id,
        creator_id=said.creator_id,
        position=said.position,
        bucket=said.bucket,
        notes=said.notes,
        pinned=said.pinned,
        created_at=at,
        updated_at=at,
        creator=kept(said.creator),
    )
    state.items_count += 1
    state.changed.add(said.item_id)


def _item_updated(state: CreatorList, said: ItemUpdated, at: datetime) -> None:
    item = state.items.get(said.item_id)
    if item is None:
        return
    item.position = item.position if said.position is None else said.position
    item.bucket = said.bucket or item.bucket
    item.pinned = item.pinned if said.pinned is None else said.pinned
    if not isinstance(said.notes, UnsetType):
        item.notes = said.notes
    item.updated_at = at
    state.changed.add(item.id)


def _removed(state: CreatorList, said: Removed, _: datetime) -> None:
    if (gone := state.items.pop(said.item_id, None)) is not None:
        state.creators.discard(gone.creator_id)
        state.items_count -= 1
        state.changed.discard(said.item_id)
        state.removed.add(said.item_id)


LISTS = Kind(
    prefix="list.",
    id_of=reader_of("list_id"),
    payload=Created,
    create=create,
    rules={
        "list.updated": Rule(Updated, _updated),
        "list.archived": Rule(Nothing, _archived),
        "list.restored": Rule(Nothing, _restored),
        "list.deleted": Rule(Nothing, _deleted),
        "list.item_added": Rule(Added, _added),
        "list.item_updated": Rule(ItemUpdated, _item_updated),
        "list.item_removed": Rule(Removed, _removed),
    },
)
