"""Reading the log for a fold: the next events of some parts, or whole streams."""

from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

from psycopg import Connection
from psycopg.rows import tuple_row

from events.routing import CATALOG_ROUTE, SYSTEM_ROUTE, part_of
from events.statements import statement
from projections import links
from projections.catalog import Catalog, PlanEvent, fold_catalog
from projections.facts import Fact
from projections.links import Claim
from projections.reading import READ_PATTERNS, read

AnyConnection = Connection[Any]  # Any: whatever row factory the caller uses


class Routed(NamedTuple):
    """A fact and whose it is, as far as its route tells."""

    fact: Fact
    route_key: str
    is_customer: bool
    is_user: bool


def next_events(
    conn: AnyConnection, positions: Mapping[int, int], *, limit: int, live_only: bool
) -> tuple[list[Routed], dict[int, int]]:
    """The next events of each part, at most `limit` a part, and the position each part is read to."""
    rows = _rows(
        conn,
        "read_batch",
        {
            "parts": list(positions),
            "positions": list(positions.values()),
            "limit": limit,
            "read_types": READ_PATTERNS,
        },
    )
    reached = dict(positions)
    for row in rows:
        reached[row[0]] = max(reached[row[0]], row[1])
    return [routed(row) for row in rows if row[9] or not live_only], reached


def streams(
    conn: AnyConnection, routes: Iterable[str], bounds: Mapping[int, int], *, live_only: bool
) -> dict[str, list[Fact]]:
    """The facts of each route's stream, up to the given position of its part."""
    wanted = set(routes)
    found: dict[str, list[Fact]] = {route: [] for route in wanted}
    for event in events_of(conn, wanted, bounds, live_only=live_only):
        if event.is_customer or event.is_user:
            found[event.route_key].append(event.fact)
    return found


def events_of(
    conn: AnyConnection, routes: Iterable[str], bounds: Mapping[int, int], *, live_only: bool
) -> list[Routed]:
    """The events of some streams, up to the given position of each part."""
    wanted = sorted(set(routes))
    if not wanted:
        return []
    parts = [part_of(route) for route in wanted]
    asked = {
        "parts": parts,
        "routes": wanted,
        "bounds": [bounds[part] for part in parts],
        "read_types": READ_PATTERNS,
    }
    return [routed(row) for row in _rows(conn, "read_streams", asked) if row[9] or not live_only]


def history(found: Mapping[str, list[Fact]], user: str, customers: Iterable[str]) -> list[Fact]:
    """A user's facts among those streams: their own, and what Stripe says of their customers.

    An operator may link anything, a user's id too; that makes nobody else's history theirs.
    """
    own = [fact for fact in found[user] if fact.source != "stripe"]
    return own + [fact for route in customers for fact in found[route] if fact.source == "stripe"]


def claim_in(event: Routed) -> Claim | None:
    """The claim an event makes; only a customer's own events and an operator can make one."""
    if event.is_customer or event.fact.source == "tenure":
        return links.claim_in(event.fact, event.route_key)
    return None


def catalog_at(conn: AnyConnection, bound: int) -> Catalog:
    """The catalog after the plan events up to a position of their part."""
    asked = {"part": part_of(CATALOG_ROUTE), "route_key": CATALOG_ROUTE, "bound": bound}
    return fold_catalog(PlanEvent(*row) for row in _rows(conn, "read_plan_events", asked))


def _rows(conn: AnyConnection, name: str, asked: Mapping[str, object]) -> list[tuple[Any, ...]]:
    with conn.cursor(row_factory=tuple_row, binary=True) as cursor:
        return cursor.execute(statement("projections", name), asked).fetchall()


def routed(row: tuple[Any, ...]) -> Routed:
    part, position, at, source, event_type, key, event_id, route_key, aggregate_type, _, payload = row
    fact = read(
        at=at,
        source=source,
        event_type=event_type,
        key=key,
        event_id=event_id,
        part=part,
        position=position,
        route_key=route_key,
        payload=payload,
    )
    is_customer = source == "stripe" and aggregate_type == "stripe_customer"
    return Routed(fact, route_key, is_customer, _is_user(source, route_key, aggregate_type))


def _is_user(source: str, route_key: str, aggregate_type: str) -> bool:
    if source == "clerk":
        return aggregate_type == "user"
    return source == "tenure" and route_key not in (CATALOG_ROUTE, SYSTEM_ROUTE)
