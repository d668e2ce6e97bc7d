"""Lists of creators: their owner and items; a creator is in a list once."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from events.domain.platform import (
    ListArchived,
    ListCreated,
    ListDeleted,
    ListItemAdded,
    ListItemRemoved,
    ListItemUpdated,
    ListRestored,
    ListUpdated,
)
from events.statements import AnyConnection
from handlers.decision import Command, Decided, Verdict, decide
from handlers.owned_rows import Row, answer_of, fetch_row, new_id, owned_row, refuse_deleted, refuse_unless
from handlers.platform_errors import CreatorTwice, ListFull, NotTheirs
from projections.catalog import Catalog
from projections.state import State

Action = Literal["archive", "restore", "delete"]

MAX_ITEMS = 10_000


@dataclass(frozen=True, slots=True, kw_only=True)
class NewList:
    name: str
    description: str | None = None
    type: str = "custom"
    privacy: str = "private"
    tags: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class NewItem:
    """Without a position the item goes to the end."""

    creator_id: str
    creator: Mapping[str, Any] | None = None  # Any: JSON values
    position: int | None = None
    bucket: str = "backlog"
    notes: str | None = None
    pinned: bool = False


def create_list(conn: AnyConnection, command: Command, new: NewList) -> Decided:
    """An empty list. Raises: UserDeleted, and as `decide`."""
    list_id = new_id("creator_lists", command)

    def rule(state: State, _: Catalog, __: datetime) -> Verdict:
        refuse_deleted(state)
        fact = ListCreated(list_id=list_id, **asdict(new))
        return Verdict(fact, answer_of(list_id, None, status="open"))

    return decide(conn, command, rule)


def update_list(
    conn: AnyConnection,
    command: Command,
    list_id: UUID,
    changes: Mapping[str, Any],  # Any: as the event's fields
    *,
    version: int | None = None,
) -> Decided:
    """Change a list's name, description and settings.

    Raises: NotTheirs, WrongState while archived, VersionConflict, HistoryStopped, and as `decide`.
    """

    def rule(_: State, __: Catalog, ___: datetime) -> Verdict:
        row = _open_list(conn, list_id, command, version)
        return Verdict(ListUpdated(list_id=list_id, **changes), answer_of(list_id, row, status="open"))

    return decide(conn, command, rule)


def move_list(
    conn: AnyConnection,
    command: Command,
    list_id: UUID,
    action: Action,
    *,
    version: int | None = None,
) -> Decided:
    """Archive, restore or delete; a deleted list is gone with its items.

    Raises: NotTheirs, WrongState, VersionConflict, HistoryStopped, and as `decide`.
    """
    fact, status, allowed = STEPS[action]

    def rule(_: State, __: Catalog, ___: datetime) -> Verdict:
        row = owned_row(conn, "list", list_id, command, version=version)
        refuse_unless("list", row, *allowed)
        return Verdict(fact(list_id=list_id), answer_of(list_id, row, status=status))

    return decide(conn, command, rule)


def add_item(
    conn: AnyConnection,
    command: Command,
    list_id: UUID,
    new: NewItem,
    *,
    version: int | None = None,
) -> Decided:
    """Put a creator into a list.

    Raises: CreatorTwice, ListFull, NotTheirs, WrongState, VersionConflict, HistoryStopped, and as `decide`.
    """
    item_id = new_id("list_items", command)

    def rule(_: State, __: Catalog, ___: datetime) -> Verdict:
        row = _open_list(conn, list_id, command, version)
        if row["items_count"] >= MAX_ITEMS:
            raise ListFull(MAX_ITEMS)
        place = fetch_row(conn, "list_place", list_id=list_id, creator_id=new.creator_id)
        assert place is not None  # an aggregate always returns a row
        if place["item_id"] is not None:
            raise CreatorTwice(place["item_id"])
        position = place["next_position"] if new.position is None else new.position
        fact = ListItemAdded(list_id=list_id, item_id=item_id, **asdict(new) | {"position": position})
        return Verdict(fact, answer_of(list_id, row, item_id=str(item_id), position=position))

    return decide(conn, command, rule)


def update_item(
    conn: AnyConnection,
    command: Command,
    list_id: UUID,
    item_id: UUID,
    changes: Mapping[str, Any],  # Any: as the event's fields
    *,
    version: int | None = None,
) -> Decided:
    """Move, pin or annotate an item. Raises: as `remove_item`."""

    def rule(_: State, __: Catalog, ___: datetime) -> Verdict:
        row = _list_with(conn, list_id, item_id, command, version)
        fact = ListItemUpdated(list_id=list_id, item_id=item_id, **changes)
        return Verdict(fact, answer_of(list_id, row, item_id=str(item_id)))

    return decide(conn, command, rule)


def remove_item(
    conn: AnyConnection,
    command: Command,
    list_id: UUID,
    item_id: UUID,
    *,
    version: int | None = None,
) -> Decided:
    """Remove an item. Raises: NotTheirs, WrongState, VersionConflict, HistoryStopped, and as `decide`."""

    def rule(_: State, __: Catalog, ___: datetime) -> Verdict:
        row = _list_with(conn, list_id, item_id, command, version)
        fact = ListItemRemoved(list_id=list_id, item_id=item_id)
        return Verdict(fact, answer_of(list_id, row, item_id=str(item_id)))

    return decide(conn, command, rule)


def _open_list(conn: AnyConnection, list_id: UUID, command: Command, version: int | None) -> Row:
    row = owned_row(conn, "list", list_id, command, version=version)
    refuse_unless("list", row, "open")
    return row


def _list_with(
    conn: AnyConnection, list_id: UUID, item_id: UUID, command: Command, version: int | None
) -> Row:
    row = _open_list(conn, list_id, command, version)
    if fetch_row(conn, "item_standing", list_id=list_id, item_id=item_id) is None:
        raise NotTheirs("list item")
    return row


STEPS: dict[
    Action, tuple[type[ListArchived] | type[ListRestored] | type[ListDeleted], str, tuple[str, ...]]
] = {
    "archive": (ListArchived, "archived", ("open",)),
    "restore": (ListRestored, "open", ("archived",)),
    "delete": (ListDeleted, "deleted", ("open", "archived")),
}
