"""Lists of creators and what is in them."""

from dataclasses import asdict, dataclass
from uuid import UUID

from events.statements import statement
from queries.compose import compose
from queries.listing import Listing, Page, conditions, grouped, page
from queries.rows import AnyConnection, Row, fetch_all, fetch_one

FIRST_ITEMS = 20

LISTS = Listing(
    "l", "lists_source", "count_matching", "lists_where_after", ("lists_in_order", "events_limit")
)
ITEMS = Listing(
    "i", "items_source", "count_matching", "items_where_after", ("items_in_order", "events_limit"), "position"
)
FILES = {
    "user_id": "lists_where_user",
    "type": "lists_where_type",
    "privacy": "lists_where_privacy",
    "tag": "lists_where_tag",
    "is_archived": "lists_where_archived",
    "creator_id": "lists_where_creator",
}
ITEM_FILES = {
    "list_id": "items_where_list",
    "user_id": "items_where_user",
    "bucket": "items_where_bucket",
    "pinned": "items_where_pinned",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class ListFilter:
    """Which lists; what is None does not restrict. `creator_id`: the creator is in it."""

    user_id: str | None = None
    type: str | None = None
    privacy: str | None = None
    tag: str | None = None
    is_archived: bool | None = None
    creator_id: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ItemFilter:
    """Which items of a user's list; what is None does not restrict."""

    list_id: UUID
    user_id: str
    bucket: str | None = None
    pinned: bool | None = None


def list_lists(
    conn: AnyConnection, wanted: ListFilter, *, limit: int, after: str | None = None, items: bool = False
) -> Page:
    """One page, newest first, in two statements; three with `items`, the first 20 of each.

    Raises: BadCursor.
    """
    where, values = conditions(asdict(wanted), FILES)
    estimate = wanted.user_id is None
    found = page(conn, LISTS, ["lists_columns"], where, values, limit=limit, after=after, estimate=estimate)
    if items:
        _join_items(conn, found.items)
    return found


def creator_list(conn: AnyConnection, list_id: UUID, user_id: str, *, items: bool = False) -> Row | None:
    """One list of the user; None when they have none of that id."""
    query = compose("lists_columns", "lists_source", where=["lists_where_id", FILES["user_id"]])
    row = fetch_one(conn, query, {"id": list_id, "user_id": user_id})
    if row is not None and items:
        _join_items(conn, [row])
    return row


def list_items(
    conn: AnyConnection, wanted: ItemFilter, *, limit: int, after: str | None = None, creator: bool = False
) -> Page:
    """One page in the list's order; the creators' JSON only when asked. Raises: BadCursor."""
    where, values = conditions(asdict(wanted), ITEM_FILES)
    opening = ["items_columns", *(["items_creator"] if creator else [])]
    return page(conn, ITEMS, opening, where, values, limit=limit, after=after)


def _join_items(conn: AnyConnection, rows: list[Row]) -> None:
    asked = {"lists": [row["id"] for row in rows], "limit": FIRST_ITEMS}
    found = fetch_all(conn, statement("queries", "items_of_lists"), asked) if rows else []
    by_list = grouped(found, "list_id")
    for row in rows:
        row["items"] = by_list.get(row["id"], [])
