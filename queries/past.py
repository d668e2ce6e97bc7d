"""What is known of a user's history, bounded by two clocks: true by `as_of`, recorded by `known_at`.

The same fold as the live one, over fewer events: a fresh database fed only those would say the same.
Links are facts too, so they are taken from the bounded events, never from the live link table; that
table only says in whose streams to look.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple

from psycopg.rows import tuple_row

from events.own import reason_in
from events.routing import CATALOG_ROUTE, part_of
from events.statements import statement
from projections import links
from projections.catalog import Catalog, PlanEvent, fold_catalog
from projections.facts import Fact, Own
from projections.links import Moment
from projections.log import Routed, routed
from projections.reading import READ_PATTERNS
from queries.rows import AnyConnection


class Entry(NamedTuple):
    """A fact and what only people want to know of its event. `recorded` is microseconds."""

    fact: Fact
    recorded: int
    actor: str | None
    reason: str | None


@dataclass(frozen=True, slots=True)
class Past:
    """One user's history: their own events and those of the customers linked to them.

    `claimed`: customer to the moment (microseconds, event key) of the event that linked it.
    """

    user_id: str
    links: dict[str, int]
    claimed: dict[str, Moment]
    entries: list[Entry]
    plan_entries: list[Entry]

    def catalog(self) -> Catalog:
        """The plan catalog after all its events."""
        return fold_catalog(plan_event(entry) for entry in self.plan_entries)


def past(
    conn: AnyConnection,
    user_id: str,
    *,
    as_of: datetime | None = None,
    known_at: datetime | None = None,
    live_only: bool = False,
) -> Past:
    """The user's history between the bounds; it has no entries when nothing mentions them there."""
    customers, others = _where_to_look(conn, user_id)
    streams: dict[str, list[tuple[Routed, Entry]]] = {}
    for event, entry in _read(
        conn,
        [user_id, *customers, *others, CATALOG_ROUTE],
        as_of=as_of,
        known_at=known_at,
        live_only=live_only,
    ):
        streams.setdefault(event.route_key, []).append((event, entry))
    registers: dict[str, links.Claims] = {}
    for route, stream in streams.items():
        for event, _ in stream:
            if claim := links.claim_in(event.fact, route):
                registers.setdefault(claim.customer, links.Claims(first_at=0)).hear(claim)
    claimed = _claimed(user_id, registers)
    linked = {customer: moment[0] for customer, moment in claimed.items()}
    mine = [
        entry
        for route in (user_id, *linked)
        for event, entry in streams.get(route, ())
        if (event.is_customer if route != user_id else event.is_user)
    ]
    plans = [entry for _, entry in streams.get(CATALOG_ROUTE, ())]
    return Past(user_id, linked, claimed, mine, plans)


def plan_event(entry: Entry) -> PlanEvent:
    """A catalog entry as the catalog's fold takes it."""
    body = entry.fact.body
    return PlanEvent(
        at=entry.fact.at,
        type=entry.fact.type,
        key=entry.fact.key,
        payload=body.payload if isinstance(body, Own) else "{}",
    )


def _claimed(user_id: str, registers: dict[str, links.Claims]) -> dict[str, links.Moment]:
    """The customers that are this user's, each with the moment of the claim that holds."""
    found: dict[str, links.Moment] = {}
    for customer, claims in registers.items():
        winner = claims.winner()
        if winner is not None and winner[0] == user_id:
            said = claims.users[user_id]
            found[customer] = said.last if said.rank == links.BY_OPERATOR else said.first
    return found


def _where_to_look(conn: AnyConnection, user_id: str) -> tuple[list[str], list[str]]:
    """Customers ever said to be this user's, and users ever said to have one of those."""
    with conn.cursor(row_factory=tuple_row) as cursor:
        rows = cursor.execute(statement("queries", "claims_of"), {"user_id": user_id}).fetchall()
    claimed: set[str] = set()
    for _, said in rows:
        claimed |= links.decode(said).users.keys()
    return [row[0] for row in rows], sorted(claimed - {user_id})


def _read(
    conn: AnyConnection,
    routes: list[str],
    *,
    as_of: datetime | None,
    known_at: datetime | None,
    live_only: bool,
) -> list[tuple[Routed, Entry]]:
    asked: dict[str, Any] = {  # Any: parameters of several types
        "parts": [part_of(route) for route in routes],
        "routes": routes,
        "as_of": as_of,
        "known_at": known_at,
        "read_types": READ_PATTERNS,
    }
    with conn.cursor(row_factory=tuple_row, binary=True) as cursor:
        rows = cursor.execute(statement("queries", "read_past"), asked).fetchall()
    found = []
    for row in rows:
        if row[9] or not live_only:
            event = routed(row[:11])
            recorded, actor, reason = row[11:]
            body = event.fact.body
            told = reason_in(body.payload) if reason is None and isinstance(body, Own) else reason
            found.append((event, Entry(event.fact, recorded, actor, told)))
    return found
