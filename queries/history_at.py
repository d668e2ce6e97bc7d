"""A user's history bounded by two clocks: occurred by `as_of`, recorded by `known_at`.

The same fold as the live one, over fewer events: a fresh database with only those would have the same rows.
Links are facts too, so they come from the bounded events, never from the live link table, which only
names the streams to read.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise
from operator import attrgetter
from typing import Any, NamedTuple

from msgspec.structs import replace
from psycopg.rows import tuple_row

from events import livemode
from events.clock import instant, micros
from events.domain import reason_in
from events.routing import CATALOG_ROUTE, part_of
from events.statements import AnyConnection, statement
from projections import claiming, relinking
from projections.accounts import Trust
from projections.catalog import Catalog, PlanEvent, fold_catalog
from projections.facts import Fact, FactProblem, OwnFact
from projections.fold import advance, present
from projections.links import Owner
from projections.log_reader import Routed, routed
from projections.parse_fact import READ_PATTERNS
from projections.refusal import ROW
from projections.snapshots import EVER
from projections.state import Folded, State
from queries.bases import Base, Streams
from queries.ownership import owner_or_next


class HistoryFact(NamedTuple):
    """A fact, and the metadata of its event for display. `recorded` is microseconds."""

    fact: Fact
    recorded: int
    actor: str | None
    reason: str | None


class Move(NamedTuple):
    """Customers that moved to or from the user at one instant, and the event that decided it."""

    at: int
    cause: HistoryFact | None
    joined: set[str]
    departed: set[str]


@dataclass(frozen=True, slots=True)
class BoundedHistory:
    """One user's history: their own events and those of the customers they ever owned.

    `owners`: each of those customers to all intervals of its ownership. `causes`: event key to the event
    that decided one of them, also from another user's stream. With a `base`, only plan events up to it are
    included.
    """

    user_id: str
    own: list[HistoryFact]
    streams: dict[str, list[HistoryFact]]
    owners: dict[str, list[Owner]]
    causes: dict[str, HistoryFact]
    plan_entries: list[HistoryFact]
    base: Base | None = None

    @property
    def links(self) -> dict[str, int]:
        """The customers owned at the end, and since when (microseconds)."""
        return {c: owners[-1].at for c, owners in self.owners.items() if owners[-1].user == self.user_id}

    @property
    def entries(self) -> list[HistoryFact]:
        """The events of the final state, unordered."""
        return self.own + [entry for customer in self.links for entry in self.streams[customer]]

    @property
    def shown(self) -> list[HistoryFact]:
        """The events that the user's history shows, unordered: their own, a customer's while the user owned
        it and while it waited for that, and the events that moved a customer."""
        theirs = self.own + [
            entry
            for customer, owners in self.owners.items()
            for entry in self.streams[customer]
            if owner_or_next(owners, entry.fact.at) == self.user_id
        ]
        there = {entry.fact.id for entry in theirs}
        return theirs + [e for e in self._deciding() if e.fact.id not in there]

    def moves(self) -> list[Move]:
        """When customers moved to or from the user, oldest first."""
        by_instant: dict[int, Move] = {}
        for customer, owners in self.owners.items():
            for before, owner in pairwise([Owner(0, "", None), *owners]):
                if self.user_id in (before.user, owner.user):
                    move = by_instant.setdefault(
                        owner.at, Move(owner.at, self.causes.get(owner.key), set(), set())
                    )
                    (move.joined if owner.user == self.user_id else move.departed).add(customer)
        return sorted(by_instant.values(), key=attrgetter("at"))

    def _deciding(self) -> list[HistoryFact]:
        return list({m.cause.fact.id: m.cause for m in self.moves() if m.cause is not None}.values())

    def state(self) -> State | None:
        """The state after the events; None for an unknown user."""
        if not self.entries and self.base is None:
            return None
        folded = Folded(self.base.state.copy() if self.base else State(self.user_id, links=self.links), [])
        advance(folded, [entry.fact for entry in self.entries])
        return present(folded)

    def catalog(self) -> Catalog:
        """The plan catalog after all its events."""
        return fold_catalog(plan_event(entry) for entry in self.plan_entries)


def load_history(
    conn: AnyConnection,
    user_id: str,
    *,
    as_of: datetime | None = None,
    known_at: datetime | None = None,
    streams: Streams | None = None,
    base: Base | None = None,
    until: int = EVER,
) -> BoundedHistory:
    """The user's history within the bounds; without entries when no event there mentions the user.

    After a `base` only the streams of present customers are read. `until` ends it at an instant
    (microseconds) after which no customer moved.
    """
    streams = streams or Streams(conn, user_id)
    routes = {CATALOG_ROUTE: -EVER} | dict.fromkeys(streams.routes, base.at if base else -EVER)
    if base is None:
        routes |= dict.fromkeys([name for row in streams.claimed for name in (row[0], *row[1])], -EVER)
    until = min(until, EVER if as_of is None else micros(as_of))
    by_route: dict[str, list[tuple[Routed, HistoryFact]]] = {}
    stop = streams.row_stop()
    for event, read_entry in _read(conn, routes, until=until, known_at=known_at):
        entry = _stopped(read_entry, stop[1]) if stop and read_entry.fact.id == stop[0] else read_entry
        by_route.setdefault(event.route_key, []).append((event, entry))
    read = [pair for stream in by_route.values() for pair in stream]
    owners = base.owners if base else _owners(conn, user_id, [event for event, _ in read])
    decided = set() if base else {owner.key for intervals in owners.values() for owner in intervals}
    return BoundedHistory(
        user_id,
        own=[entry for event, entry in by_route.get(user_id, ()) if event.is_user],
        streams={c: [entry for event, entry in by_route.get(c, ()) if event.is_customer] for c in owners},
        owners=owners,
        causes={entry.fact.key: entry for _, entry in read if entry.fact.key in decided},
        plan_entries=[entry for event, entry in by_route.get(CATALOG_ROUTE, ()) if event.is_plan],
        base=base,
    )


def past_state(
    conn: AnyConnection,
    user_id: str,
    *,
    as_of: datetime | None = None,
    known_at: datetime | None = None,
) -> BoundedHistory:
    """The same for callers that need only the final state: the events after the last stored state."""
    streams = Streams(conn, user_id)
    base = streams.base(EVER if as_of is None else micros(as_of), known_at)
    return load_history(conn, user_id, as_of=as_of, known_at=known_at, streams=streams, base=base)


def _stopped(entry: HistoryFact, reason: str) -> HistoryFact:
    """The event after which the projector could not store the user's rows, in the form that it folds."""
    fact = replace(entry.fact, body=None, before=None, problem=FactProblem(ROW, reason))
    return entry._replace(fact=fact)


def plan_event(entry: HistoryFact) -> PlanEvent:
    """A catalog entry as the catalog's fold takes it."""
    body = entry.fact.body
    return PlanEvent(
        at=entry.fact.at,
        type=entry.fact.type,
        key=entry.fact.key,
        payload=body.payload if isinstance(body, OwnFact) else "{}",
    )


def _owners(conn: AnyConnection, user_id: str, events: list[Routed]) -> dict[str, list[Owner]]:
    """The customers ever owned by this user, each with all its owners."""
    trust = Trust(conn)
    deletions = relinking.deletions_in(events)
    owners = {
        customer: claiming.settled(evidence, deletions).owners()
        for customer, evidence in relinking.evidence_in(events).items()
        if trust.covers(customer)
    }
    return {
        c: intervals for c, intervals in owners.items() if any(owner.user == user_id for owner in intervals)
    }


def _read(
    conn: AnyConnection,
    routes: Mapping[str, int],
    *,
    until: int,
    known_at: datetime | None,
) -> list[tuple[Routed, HistoryFact]]:
    parameters: dict[str, Any] = {  # Any: parameters of several types
        "parts": [part_of(route) for route in routes],
        "routes": list(routes),
        "since": [instant(since) for since in routes.values()],
        "until": instant(until),
        "known_at": known_at,
        "read_types": READ_PATTERNS,
    }
    pairs = []
    with conn.cursor(row_factory=tuple_row, binary=True) as cursor:
        # One row at a time: a fact is small, its body may have a megabyte.
        for row in cursor.stream(statement("queries", "read_past"), parameters, binary=True):
            if livemode.counts(row[9]):
                event = routed(row[:11])
                recorded, actor, reason = row[11:]
                body = event.fact.body
                decision_reason = (
                    reason_in(body.payload) if reason is None and isinstance(body, OwnFact) else reason
                )
                pairs.append((event, HistoryFact(event.fact, recorded, actor, decision_reason)))
    return pairs
