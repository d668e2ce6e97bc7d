"""Pages of the platform's rows, newest first, and how many match in all."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from psycopg.sql import SQL, Composable

from events.clock import from_micros, micros
from queries.compose import compose, explained
from queries.cursors import place_cursor, read_place_cursor
from queries.errors import BadCursor
from queries.rows import AnyConnection, Row, fetch_all, fetch_one, fetch_within

Values = dict[str, Any]  # Any: one type a parameter


@dataclass(frozen=True, slots=True)
class Page:
    """Rows and the cursor of the page behind them or None.

    `total` counts all that match; it is the planner's guess when `total_is_estimate`.
    """

    items: list[Row]
    next: str | None
    total: int
    total_is_estimate: bool


@dataclass(frozen=True, slots=True)
class Listing:
    """One listing: what is behind a cursor, and the order. `kind` keeps cursors of listings apart."""

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
    they exceed `rows.MOST_PAGE_BYTES`.
    """
    behind, key = list(where), values
    if after is not None:
        behind.append(listing.after)
        key = values | _key(listing, after)
    query = compose(statement, behind, listing.closing)
    asked = key | {"limit": limit + 1}
    if weight is None:
        rows = fetch_all(conn, query, asked)
        items, more = rows[:limit], len(rows) > limit
    else:
        rows, cut = fetch_within(conn, query, asked, weight=weight)
        items, more = rows[:limit], cut or len(rows) > limit
        for row in items:
            del row[weight]
    following = _cursor(listing, items[-1]) if more else None
    return Page(
        items, following, _total(conn, compose(statement, where), values, estimate=estimate), estimate
    )


def conditions(
    wanted: Mapping[str, object], known: Mapping[str, Composable]
) -> tuple[list[Composable], Values]:
    """The conditions and values of what is not None."""
    values = {name: wanted[name] for name in known if wanted[name] is not None}
    return [known[name] for name in values], values


def grouped(rows: list[Row], owner: str) -> dict[Any, list[Row]]:  # Any: the owner's id
    """Rows by whose they are."""
    found: dict[Any, list[Row]] = {}
    for row in rows:
        found.setdefault(row[owner], []).append(row)
    return found


def _total(conn: AnyConnection, matching: Composable, values: Values, *, estimate: bool) -> int:
    """Exact where an index bounds it; the planner's guess where counting would read the whole table."""
    if estimate:
        row = fetch_one(conn, explained(matching), values)
        return int(row["QUERY PLAN"][0]["Plan"]["Plan Rows"]) if row else 0
    row = fetch_one(conn, SQL("SELECT count(*) AS total FROM ({}) AS matching").format(matching), values)
    assert row is not None  # an aggregate always answers
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
