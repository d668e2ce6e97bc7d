"""Reading the log for a fold: the next events of some parts, or whole streams."""

from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from operator import attrgetter
from typing import Any, NamedTuple

from psycopg.rows import tuple_row

from events import livemode
from events.clock import instant
from events.routing import CATALOG_ROUTE, PLAN, SERVICE_AGGREGATES, part_of
from events.statements import AnyConnection, statement
from projections.catalog import Catalog, PlanEvent, fold_catalog
from projections.claiming import DELETIONS, OWN_CLAIMS
from projections.facts import Fact
from projections.parse_fact import CLAIM_PATTERNS, READ_PATTERNS, read


class Routed(NamedTuple):
    """A fact and the kind of its owner, by route and aggregate type: a Stripe customer, a user, or the
    service itself, where some facts are about a plan."""

    fact: Fact
    route_key: str
    is_customer: bool
    is_user: bool
    is_plan: bool


def next_events(
    conn: AnyConnection, positions: Mapping[int, int], *, limit: int
) -> tuple[list[Routed], dict[int, int]]:
    """The next events of each part, at most `limit` per part, and the position each part is read to."""
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
    return [routed(row) for row in rows if livemode.counts(row[9])], reached


def streams(conn: AnyConnection, routes: Iterable[str], bounds: Mapping[int, int]) -> dict[str, list[Fact]]:
    """The facts of each route's stream, up to the given position of its part."""
    distinct = set(routes)
    facts: dict[str, list[Fact]] = {route: [] for route in distinct}
    for event in events_of(conn, distinct, bounds):
        if event.is_customer or event.is_user:
            facts[event.route_key].append(event.fact)
    return facts


def events_of(conn: AnyConnection, routes: Iterable[str], bounds: Mapping[int, int]) -> list[Routed]:
    """The events of some streams, up to the given position of each part."""
    parameters = _within(routes, bounds) | {"read_types": READ_PATTERNS}
    if not parameters["routes"]:
        return []
    return [routed(row) for row in _rows(conn, "read_streams", parameters) if livemode.counts(row[9])]


class HistoryRequest(NamedTuple):
    """A user's history from an instant (microseconds) on: their own stream and their customers' streams,
    at most `limit` events of each."""

    customers: Collection[str]
    since: int
    limit: int

    def streams(self, user: str) -> list[tuple[str, bool]]:
        """Each stream's route, and whether it is the user's own."""
        return [(user, True), *((customer, False) for customer in sorted(self.customers))]


class Stretch(NamedTuple):
    """Facts of complete instants. Unless `is_whole`, more follow; if not whole and without facts, the
    instant `crowd` (microseconds) has more events than the limit."""

    facts: list[Fact]
    is_whole: bool
    crowd: int | None = None


def stretches(
    conn: AnyConnection, requests: Mapping[str, HistoryRequest], bounds: Mapping[int, int]
) -> dict[str, Stretch]:
    """User to the beginning of the requested history, up to the given position of each part."""
    streams = [
        (user, request, *stream) for user, request in requests.items() for stream in request.streams(user)
    ]
    parameters = _within_each([route for *_, route, _ in streams], bounds) | {
        "since": [instant(request.since) for _, request, *_ in streams],
        "limits": [request.limit for _, request, *_ in streams],
        "own": [is_own for *_, is_own in streams],
        "service": sorted(SERVICE_AGGREGATES),
        "live_only": livemode.live_only(),
    }
    facts: dict[str, list[Fact]] = {user: [] for user in requests}
    read = Counter[int]()
    complete: dict[str, int] = {}  # instants before this one are
    for number, *row in _rows(conn, "read_stretches", parameters) if streams else ():
        user, request, _, _ = streams[number - 1]
        read[number] += 1
        event = routed(tuple(row))
        if read[number] == request.limit:
            complete[user] = min(event.fact.at, complete.get(user, event.fact.at))
        facts[user].append(event.fact)
    return {user: _stretch(user_facts, complete.get(user)) for user, user_facts in facts.items()}


def _stretch(read_facts: list[Fact], complete: int | None) -> Stretch:
    """The facts read of one history, without the instant `complete` and later ones, which are incomplete."""
    read_facts.sort(key=attrgetter("at"))
    if complete is None:
        return Stretch(read_facts, is_whole=True)
    facts = [fact for fact in read_facts if fact.at < complete]
    return Stretch(facts, is_whole=False, crowd=None if facts else complete)


def instant_events(
    conn: AnyConnection,
    streams: Mapping[str, int],
    at: int,
    bounds: Mapping[int, int],
    *,
    limit: int,
) -> list[Routed]:
    """Events of one instant: of each stream at most `limit` after a position, up to the bound of its part."""
    parameters = _within_each(streams, bounds) | {
        "positions": list(streams.values()),
        "at": instant(at),
        "limit": limit,
        "live_only": livemode.live_only(),
    }
    return [routed(tuple(row)) for _, *row in _rows(conn, "read_instant", parameters)]


def _within_each(routes: Collection[str], bounds: Mapping[int, int]) -> dict[str, object]:
    parts = [part_of(route) for route in routes]
    return {
        "parts": parts,
        "routes": list(routes),
        "bounds": [bounds[part] for part in parts],
        "read_types": READ_PATTERNS,
    }


def history(facts_by_route: Mapping[str, list[Fact]], user: str, customers: Iterable[str]) -> list[Fact]:
    """A user's facts among those streams: their own, and Stripe's facts of their customers.

    An operator may link any id, even a user's; such a link does not merge the histories of two users.
    """
    own = [fact for fact in facts_by_route[user] if fact.source != "stripe"]
    return own + [fact for route in customers for fact in facts_by_route[route] if fact.source == "stripe"]


def claims_of(conn: AnyConnection, routes: Iterable[str], bounds: Mapping[int, int]) -> list[Routed]:
    """The events of some streams that may name a customer's owner, up to the given positions."""
    parameters = _within(routes, bounds) | {"read_types": CLAIM_PATTERNS, "own_types": list(OWN_CLAIMS)}
    return [routed(row) for row in _rows(conn, "read_claims", parameters) if livemode.counts(row[9])]


def deletions_of(conn: AnyConnection, users: Iterable[str], bounds: Mapping[int, int]) -> list[Routed]:
    """The events that delete these users or revert deletions, up to the given positions."""
    parameters = _within(users, bounds) | {"types": list(DELETIONS)}
    return [routed(row) for row in _rows(conn, "read_deletions", parameters) if livemode.counts(row[9])]


def first_events(conn: AnyConnection, customers: Iterable[str], bounds: Mapping[int, int]) -> dict[str, int]:
    """Customer to the instant of its first event, microseconds."""
    parameters = _within(customers, bounds) | {"live_only": livemode.live_only()}
    return dict(_rows(conn, "first_events", parameters))


def _within(routes: Iterable[str], bounds: Mapping[int, int]) -> dict[str, object]:
    distinct = sorted(set(routes))
    parts = [part_of(route) for route in distinct]
    return {"parts": parts, "routes": distinct, "bounds": [bounds[part] for part in parts]}


def catalog_at(conn: AnyConnection, bound: int) -> Catalog:
    """The catalog after the plan events up to a position of their part."""
    parameters = {"part": part_of(CATALOG_ROUTE), "route_key": CATALOG_ROUTE, "bound": bound}
    return fold_catalog(PlanEvent(*row) for row in _rows(conn, "read_plan_events", parameters))


def _rows(conn: AnyConnection, name: str, parameters: Mapping[str, object]) -> list[tuple[Any, ...]]:
    with conn.cursor(row_factory=tuple_row, binary=True) as cursor:
        return cursor.execute(statement("projections", name), parameters).fetchall()


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
    return Routed(fact, route_key, *whose(source, aggregate_type))


def whose(source: str, aggregate_type: str) -> tuple[bool, bool, bool]:
    """Whether an event belongs to a customer, to a user, to a plan."""
    if source == "tenure":
        return False, aggregate_type not in SERVICE_AGGREGATES, aggregate_type == PLAN
    is_customer = source == "stripe" and aggregate_type == "stripe_customer"
    return is_customer, source == "clerk" and aggregate_type == "user", False
