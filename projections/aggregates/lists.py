"""creator_lists and list_items: a list and its items are one aggregate; no creator is in it twice."""

from datetime import datetime
from uuid import UUID

from msgspec import UNSET, Raw, Struct, UnsetType, field

from projections.aggregates.aggregate import Aggregate, AggregateKey, Kind, Rule, reader_of
from projections.aggregates.campaigns import Nothing
from projections.aggregates.field_types import NULL, Json, Named, Whole, kept


class Item(Struct):
    """A creator in a list; an item read from its row lacks the creator's JSON."""

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
    """`items` may hold only the items of the events being folded; `removed` are to be deleted."""

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


class ListCreation(Struct):
    name: str
    description: str | None = None
    type: str = "custom"
    privacy: str = "private"
    tags: list[str] = field(default_factory=list)


class ListUpdate(Struct):
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
    """The fields of an event that identify its items."""

    item_id: UUID | None = None
    creator_id: str | None = None


def create(key: AggregateKey, payload: ListCreation, at: datetime) -> CreatorList:
    return CreatorList(
        id=key.id,
        user_id=key.user_id,
        version=1,
        unfolded_event_id=None,
        created_at=at,
        updated_at=at,
        name=payload.name,
        description=payload.description,
        type=payload.type,
        privacy=payload.privacy,
        tags=payload.tags,
        is_archived=False,
        items_count=0,
    )


def _updated(state: CreatorList, payload: ListUpdate, _: datetime) -> None:
    state.name = state.name if payload.name is None else payload.name
    state.type = payload.type or state.type
    state.privacy = payload.privacy or state.privacy
    if not isinstance(payload.description, UnsetType):
        state.description = payload.description
    if not isinstance(payload.tags, UnsetType):
        state.tags = payload.tags or []


def _archived(state: CreatorList, _: Nothing, __: datetime) -> None:
    state.is_archived = True


def _restored(state: CreatorList, _: Nothing, __: datetime) -> None:
    state.is_archived = False


def _deleted(state: CreatorList, _: Nothing, __: datetime) -> None:
    state.deleted = True


def _added(state: CreatorList, payload: Added, at: datetime) -> None:
    """A second addition of the same creator, or under the same item id, is ignored."""
    if payload.item_id in state.items or payload.creator_id in state.creators:
        return
    state.creators.add(payload.creator_id)
    state.items[payload.item_id] = Item(
        id=payload.item_id,
        creator_id=payload.creator_id,
        position=payload.position,
        bucket=payload.bucket,
        notes=payload.notes,
        pinned=payload.pinned,
        created_at=at,
        updated_at=at,
        creator=kept(payload.creator),
    )
    state.items_count += 1
    state.changed.add(payload.item_id)


def _item_updated(state: CreatorList, payload: ItemUpdated, at: datetime) -> None:
    item = state.items.get(payload.item_id)
    if item is None:
        return
    item.position = item.position if payload.position is None else payload.position
    item.bucket = payload.bucket or item.bucket
    item.pinned = item.pinned if payload.pinned is None else payload.pinned
    if not isinstance(payload.notes, UnsetType):
        item.notes = payload.notes
    item.updated_at = at
    state.changed.add(item.id)


def _removed(state: CreatorList, payload: Removed, _: datetime) -> None:
    if (gone := state.items.pop(payload.item_id, None)) is not None:
        state.creators.discard(gone.creator_id)
        state.items_count -= 1
        state.changed.discard(payload.item_id)
        state.removed.add(payload.item_id)


LISTS = Kind(
    prefix="list.",
    id_of=reader_of("list_id"),
    payload=ListCreation,
    create=create,
    rules={
        "list.updated": Rule(ListUpdate, _updated),
        "list.archived": Rule(Nothing, _archived),
        "list.restored": Rule(Nothing, _restored),
        "list.deleted": Rule(Nothing, _deleted),
        "list.item_added": Rule(Added, _added),
        "list.item_updated": Rule(ItemUpdated, _item_updated),
        "list.item_removed": Rule(Removed, _removed),
    },
)
