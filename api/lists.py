"""/api/lists: a user's lists of creators and their items."""

from collections.abc import Callable
from typing import Any
from uuid import UUID

from flask import Blueprint, Response
from psycopg import Connection

from api.aggregate_views import (
    CODES,
    DecidedChange,
    VersionedOrder,
    VersionedQuestion,
    done,
    flag,
    one,
    ordered,
    paged,
    uuid_of,
    version_of,
)
from api.auth import noted, requires
from api.deps import deps
from api.errors import not_found
from api.list_models import (
    CreatorListRow,
    CreatorLists,
    ItemChange,
    ItemOrder,
    ItemsQuestion,
    ListAction,
    ListChange,
    ListItems,
    ListOrder,
    ListQuestion,
    ListsQuestion,
)
from api.openapi import documented
from handlers.decision import Command, Decided
from handlers.lists import (
    NewItem,
    NewList,
    add_item,
    create_list,
    move_list,
    remove_item,
    update_item,
    update_list,
)
from queries.lists import ItemFilter, ListFilter, creator_list, list_items, list_lists

lists = Blueprint("lists", __name__, url_prefix="/api/lists")

_TAGS = ("lists",)
WHAT = "list"
Options = dict[str, Any]  # Any: options of the command
Act = Callable[[Connection[Any], Command, UUID, Options], Decided]  # Any: the row factory does not matter


@lists.get("")
@requires("service")
@documented(query=ListsQuestion, tags=_TAGS, HTTP_200=CreatorLists)
def show_all(query: ListsQuestion) -> Response:
    """A user's lists, newest first; with `include=items` each with its first items."""
    where = ListFilter(
        user_id=query.user_id,
        type=query.type,
        privacy=query.privacy,
        tag=query.tag,
        is_archived=flag(query.archived),
        creator_id=query.creator_id,
    )
    with deps().pool.connection() as conn:
        page = list_lists(conn, where, limit=query.limit, after=query.after, items=query.include is not None)
        noted(conn, subjects=[query.user_id], fields=["lists"])
    return paged(page)


@lists.get("/<key:list_id>")
@requires("service")
@documented(query=ListQuestion, tags=_TAGS, HTTP_200=CreatorListRow, HTTP_404=None)
def show(list_id: str, query: ListQuestion) -> Response:
    """One list of the user; its ETag is its version."""
    row_id = uuid_of(list_id, WHAT)
    with deps().pool.connection() as conn:
        row = creator_list(conn, row_id, query.user_id, items=query.include is not None)
        noted(conn, subjects=[query.user_id], fields=["lists"])
    return one(row, WHAT)


@lists.post("")
@requires("service")
@documented(json=ListOrder, tags=_TAGS, HTTP_201=DecidedChange, **CODES)
def create(json: ListOrder) -> Response:
    """Create an empty list."""
    issued = ordered(json, "list.create", user_id=json.user_id)
    fields = json.model_dump(exclude={"user_id"})
    new = NewList(**fields | {"tags": tuple(json.tags)})
    return done(lambda conn: create_list(conn, issued, new), issued, status=201)


@lists.patch("/<key:list_id>")
@requires("service")
@documented(json=ListChange, tags=_TAGS, HTTP_200=DecidedChange, **CODES)
def change(list_id: str, json: ListChange) -> Response:
    """Change a list's name, description and settings; absent fields stay."""
    changes = json.changes()
    return _moved(list_id, "list.update", json, lambda c, k, i, o: update_list(c, k, i, changes, **o))


@lists.post("/<key:list_id>/actions")
@requires("service")
@documented(json=ListAction, tags=_TAGS, HTTP_200=DecidedChange, **CODES)
def act(list_id: str, json: ListAction) -> Response:
    """Archive or restore a list; an archived list can't be changed."""
    what = f"list.{json.action}"
    return _moved(list_id, what, json, lambda c, k, i, o: move_list(c, k, i, json.action, **o))


@lists.delete("/<key:list_id>")
@requires("service")
@documented(query=VersionedQuestion, tags=_TAGS, HTTP_200=DecidedChange, **CODES)
def delete(list_id: str, query: VersionedQuestion) -> Response:
    """Delete a list and its items permanently."""
    return _moved(list_id, "list.delete", query, lambda c, k, i, o: move_list(c, k, i, "delete", **o))


@lists.get("/<key:list_id>/items")
@requires("service")
@documented(query=ItemsQuestion, tags=_TAGS, HTTP_200=ListItems, HTTP_404=None)
def show_items(list_id: str, query: ItemsQuestion) -> Response:
    """A list's items, in order; the creators' JSON with `include=creator`."""
    row_id = uuid_of(list_id, WHAT)
    where = ItemFilter(list_id=row_id, user_id=query.user_id, bucket=query.bucket, pinned=flag(query.pinned))
    with deps().pool.connection() as conn:
        if creator_list(conn, row_id, query.user_id) is None:
            raise not_found(WHAT)
        page = list_items(
            conn, where, limit=query.limit, after=query.after, creator=query.include is not None
        )
        noted(conn, subjects=[query.user_id], fields=["lists"])
    return paged(page)


@lists.post("/<key:list_id>/items")
@requires("service")
@documented(json=ItemOrder, tags=_TAGS, HTTP_201=DecidedChange, **CODES)
def add(list_id: str, json: ItemOrder) -> Response:
    """Add a creator to a list. If already present: 409 `creator-in-list` with the item's id."""
    new = NewItem(**json.model_dump(exclude={"user_id", "version"}))
    return _moved(list_id, "list.add", json, lambda c, k, i, o: add_item(c, k, i, new, **o), status=201)


@lists.patch("/<key:list_id>/items/<key:item_id>")
@requires("service")
@documented(json=ItemChange, tags=_TAGS, HTTP_200=DecidedChange, **CODES)
def change_item(list_id: str, item_id: str, json: ItemChange) -> Response:
    """Move, pin or annotate an item; absent fields stay."""
    item, changes = uuid_of(item_id, "list item"), json.changes()
    return _moved(
        list_id, "list.item", json, lambda c, k, i, o: update_item(c, k, i, item, changes, **o), item
    )


@lists.delete("/<key:list_id>/items/<key:item_id>")
@requires("service")
@documented(query=VersionedQuestion, tags=_TAGS, HTTP_200=DecidedChange, **CODES)
def remove(list_id: str, item_id: str, query: VersionedQuestion) -> Response:
    """Remove an item from a list."""
    item = uuid_of(item_id, "list item")
    return _moved(list_id, "list.remove", query, lambda c, k, i, o: remove_item(c, k, i, item, **o), item)


def _moved(
    list_id: str,
    what: str,
    order: VersionedOrder | VersionedQuestion,
    act: Act,
    *about: UUID,
    status: int = 200,
) -> Response:
    row_id = uuid_of(list_id, WHAT)
    issued = ordered(order, what, row_id, *about, user_id=order.user_id)
    options: Options = {"version": version_of(order)}
    return done(lambda conn: act(conn, issued, row_id, options), issued, status=status)
