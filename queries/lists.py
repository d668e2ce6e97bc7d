"""Lists of creators and their items."""

from dataclasses import asdict, dataclass
from uuid import UUID

from psycopg.sql import SQL

from events.statements import AnyConnection, Row, statement
from queries.compose import NOTHING, compose, whole
from queries.listing import Listing, Page, conditions, grouped, page
from queries.rows import fetch_all, fetch_one

FIRST_ITEMS = 20

LISTS = Listing(
    "l",
    SQL("(l.created_at, l.id) < (%(key_place)s::timestamptz, %(key_id)s::uuid)"),
    SQL("ORDER BY l.created_at DESC, l.id DESC LIMIT %(limit)s::integer"),
)
ITEMS = Listing(
    "i",
    SQL("(i.position, i.id) > (%(key_place)s::bigint, %(key_id)s::uuid)"),
    SQL("ORDER BY i.position, i.id LIMIT %(limit)s::integer"),
    "position",
)
CONDITIONS = {
    "user_id": SQL("l.user_id = %(user_id)s::text"),
    "type": SQL("l.type = %(type)s::text"),
    "privacy": SQL("l.privacy = %(privacy)s::text"),
    "tag": SQL("l.tags @> ARRAY[%(tag)s::text]"),
    "is_archived": SQL("l.is_archived = %(is_archived)s::boolean"),
    "creator_id": SQL(
        "EXISTS (SELECT FROM list_items i WHERE i.list_id = l.id AND i.user_id = l.user_id"
        " AND i.creator_id = %(creator_id)s::text)"
    ),
}
ITEM_CONDITIONS = {
    "list_id": SQL("i.list_id = %(list_id)s::uuid"),
    "user_id": SQL("i.user_id = %(user_id)s::text"),
    "bucket": SQL("i.bucket = %(bucket)s::text"),
    "pinned": SQL("i.pinned = %(pinned)s::boolean"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class ListFilter:
    """Which lists; None does not restrict. `creator_id`: the creator is in it."""

    user_id: str | None = None
    type: str | None = None
    privacy: str | None = None
    tag: str | None = None
    is_archived: bool | None = None
    creator_id: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ItemFilter:
    """Which items of a user's list; None does not restrict."""

    list_id: UUID
    user_id: str
    bucket: str | None = None
    pinned: bool | None = None


def list_lists(
    conn: AnyConnection, list_filter: ListFilter, *, limit: int, after: str | None = None, items: bool = False
) -> Page:
    """One page, newest first, in two statements; three with `items`, the first 20 of each.

    Raises: BadCursor.
    """
    where, values = conditions(asdict(list_filter), CONDITIONS)
    estimate = list_filter.user_id is None
    list_page = page(conn, LISTS, whole("lists"), where, values, limit=limit, after=after, estimate=estimate)
    if items:
        _join_items(conn, list_page.items)
    return list_page


def creator_list(conn: AnyConnection, list_id: UUID, user_id: str, *, items: bool = False) -> Row | None:
    """One list of the user; None if the user has none with that id."""
    query = compose(whole("lists"), [SQL("l.id = %(id)s::uuid"), CONDITIONS["user_id"]])
    row = fetch_one(conn, query, {"id": list_id, "user_id": user_id})
    if row is not None and items:
        _join_items(conn, [row])
    return row


def list_items(
    conn: AnyConnection,
    item_filter: ItemFilter,
    *,
    limit: int,
    after: str | None = None,
    creator: bool = False,
) -> Page:
    """One page in the list's order; with `creator`, the creators' JSON too. Raises: BadCursor."""
    where, values = conditions(asdict(item_filter), ITEM_CONDITIONS)
    query = whole("items", wide=SQL(", i.creator") if creator else NOTHING)
    return page(conn, ITEMS, query, where, values, limit=limit, after=after)


def _join_items(conn: AnyConnection, rows: list[Row]) -> None:
    parameters = {"lists": [row["id"] for row in rows], "limit": FIRST_ITEMS}
    item_rows = fetch_all(conn, statement("queries", "items_of_lists"), parameters) if rows else []
    by_list = grouped(item_rows, "list_id")
    for row in rows:
        row["items"] = by_list.get(row["id"], [])
