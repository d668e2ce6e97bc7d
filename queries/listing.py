"""Pages of the platform's rows, newest first, and how many match in all."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from psycopg.sql import SQL, Composable

from events.clock import from_micros, micros
from events.statements import AnyConnection, Row
from queries.compose import compose, explained
from queries.cursors import place_cursor, read_place_cursor
from queries.errors import BadCursor
from queries.rows import fetch_all, fetch_one, fetch_within

Values = dict[str, Any]  # Any: one type a parameter


@dataclass(frozen=True, slots=True)
class Page:
    """Rows, and the cursor of the next page or None.

    `total` counts all matching rows; it is the planner's estimate when `total_is_estimate`.
    """

    items: list[Row]
    next: str | None
    total: int
    total_is_estimate: bool


@dataclass(frozen=True, slots=True)
class Listing:
    """One listing: the condition after a cursor, and the order. `kind` distinguishes its cursors."""

    kind: str
    after: Composable
    closing: Composable
    place: str = "created_at"


def page(
    conn: AnyConnection,
    listing: Listing,
    statement: Composable,
    where: Sequence[Composable],
    values: Values,
    *,
    limit: int,
    after: str | None,
    estimate: bool = False,
    weight: str | None = None,
) -> Page:
    """One page, in two statements. Raises: BadCursor.

    `weight`: a column with a row's size in bytes, left out of the items; the page then ends early where
    they exceed `rows.MAX_PAGE_BYTES`.
    """
    behind, key = list(where), values
    if after is not None:
        behind.append(listing.after)
        key = values | _key(listing, after)
    query = compose(statement, behind, listing.closing)
    parameters = key | {"limit": limit + 1}
    if weight is None:
        rows = fetch_all(conn, query, parameters)
        items, more = rows[:limit], len(rows) > limit
    else:
        rows, cut = fetch_within(conn, query, parameters, weight=weight)
        items, more = rows[:limit], cut or len(rows) > limit
        for row in items:
            del row[weight]
    following = _cursor(listing, items[-1]) if more else None
    return Page(
        items, following, _total(conn, compose(statement, where), values, estimate=estimate), estimate
    )


def conditions(
    filters: Mapping[str, object], available: Mapping[str, Composable]
) -> tuple[list[Composable], Values]:
    """The conditions and values of what is not None."""
    values = {name: filters[name] for name in available if filters[name] is not None}
    return [available[name] for name in values], values


def grouped(rows: list[Row], owner: str) -> dict[Any, list[Row]]:  # Any: the owner's id
    """Rows by their owner."""
    groups: dict[Any, list[Row]] = {}
    for row in rows:
        groups.setdefault(row[owner], []).append(row)
    return groups


def _total(conn: AnyConnection, matching: Composable, values: Values, *, estimate: bool) -> int:
    """The exact count where an index bounds it; else the planner's estimate, without reading the table."""
    if estimate:
        row = fetch_one(conn, explained(matching), values)
        return int(row["QUERY PLAN"][0]["Plan"]["Plan Rows"]) if row else 0
    row = fetch_one(conn, SQL("SELECT count(*) AS total FROM ({}) AS matching").format(matching), values)
    assert row is not None  # an aggregate always returns a row
    return int(row["total"])


def _cursor(listing: Listing, row: Row) -> str:
    place = row[listing.place]
    return place_cursor(listing.kind, place if isinstance(place, int) else micros(place), row["id"])


def _key(listing: Listing, after: str) -> Values:
    place, row_id = read_place_cursor(listing.kind, after)
    if listing.place != "created_at":
        return {"key_place": place, "key_id": row_id}
    try:
        return {"key_place": from_micros(place), "key_id": row_id}
    except OverflowError:
        raise BadCursor from None
