"""The live projector's aggregates: those of a batch's events, in the transaction of its checkpoint."""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

import structlog

from events import livemode
from events.clock import micros
from events.routing import part_of
from events.statements import AnyConnection
from projections import log_reader
from projections.aggregates import store
from projections.aggregates.aggregate import (
    Aggregate,
    AggregateKey,
    Kind,
    folded,
    grouped,
    key_of,
    rank,
    stopped_before_refusal,
)
from projections.aggregates.campaigns import CAMPAIGNS
from projections.aggregates.lists import LISTS, CreatorList
from projections.aggregates.rebuild import ERASED, UserAggregates, sifted, since_erasure, work_of
from projections.aggregates.scraping_jobs import JOBS
from projections.facts import Fact
from projections.log_reader import Routed
from projections.refusal import is_storable, reason_of, write_halving

S = TypeVar("S", bound=Aggregate)
logger = structlog.get_logger(__name__)
Bounds = Mapping[int, int]


@dataclass(frozen=True, slots=True)
class AggregateTable(Generic[S]):
    """A kind, and how its states are read from and written to the database."""

    kind: Kind[S]
    table: str
    read: Callable[[AnyConnection, Mapping[AggregateKey, list[Fact]]], dict[AggregateKey, S]]
    write: Callable[[AnyConnection, Sequence[S], Sequence[S]], None]
    all_of: Callable[[UserAggregates], list[S]]


def project(
    conn: AnyConnection,
    events: Iterable[Routed],
    bounds: Bounds,
    *,
    careful: bool = False,
) -> None:
    """Fold these events into their aggregates. `bounds`: the position up to which each part is read.

    The users are already folded and locked. If careful, a refusal by PostgreSQL stops only the refused
    aggregate. The caller commits.
    """
    facts: dict[str, list[Fact]] = {}
    for event in events:
        if event.is_user and event.fact.source == "tenure":
            facts.setdefault(event.route_key, []).append(event.fact)
    mine = {user: sifted_facts for user, stream in facts.items() if (sifted_facts := list(sifted(stream)))}
    if not mine:
        return
    erased = {
        user for user, sifted_facts in mine.items() if any(fact.type == ERASED for fact in sifted_facts)
    }
    for table in TABLES:
        work: dict[AggregateKey, list[Fact]] = {}
        for user, sifted_facts in mine.items():
            if user not in erased:
                work |= grouped(table.kind, user, sifted_facts)
        if work and careful:
            _fold_apart(conn, table, work, bounds)
        elif work:
            _fold(conn, table, work, bounds)
    if erased:
        rebuild(conn, erased, bounds)


def rebuild(conn: AnyConnection, users: Collection[str], bounds: Bounds) -> None:
    """Fold all aggregates of these users again, up to the bounds. Jobs that remain keep their results."""
    if not users:
        return
    streams = log_reader.streams(conn, users, bounds)
    works = [work_of(user, facts) for user, facts in streams.items()]
    there = store.keys_of(conn, users)
    for table in TABLES:
        states = [state for work in works for state in table.all_of(work)]
        kept = {key_of(state) for state in states}
        gone = [key for name, key in there if name == table.table and key not in kept]
        store.delete_all(conn, f"delete_{table.table}", gone)
        _write_whole(conn, table, states, bounds)


def _write_whole(conn: AnyConnection, table: AggregateTable[S], states: list[S], bounds: Bounds) -> None:
    """Write these aggregates; a refusal stops only the refused one."""

    def refuse(state: S, problem: Exception) -> None:
        _stop(conn, table, key_of(state), bounds, problem)

    write_halving(conn, states, lambda some: table.write(conn, [], some), refuse)


def _fold_apart(
    conn: AnyConnection,
    table: AggregateTable[S],
    work: dict[AggregateKey, list[Fact]],
    bounds: Bounds,
) -> None:
    """Fold these aggregates; bisect on refusal, so that only the refused ones stop."""

    def fold(keys: Sequence[AggregateKey]) -> None:
        _fold(conn, table, {key: work[key] for key in keys}, bounds)

    def refuse(key: AggregateKey, problem: Exception) -> None:
        _stop(conn, table, key, bounds, problem)

    write_halving(conn, sorted(work), fold, refuse)


def _stop(
    conn: AnyConnection,
    table: AggregateTable[S],
    key: AggregateKey,
    bounds: Bounds,
    problem: Exception,
) -> None:
    """Write the aggregate as it was before the event that makes it refused; it stops there."""
    logger.error("projector.aggregate_refused", table=table.table, id=str(key.id), reason=reason_of(problem))
    facts = _history(conn, table.kind, key, bounds)
    state = stopped_before_refusal(
        table.kind, key, facts, lambda state: is_storable(conn, lambda: table.write(conn, [], [state]))
    )
    if state is None:
        store.delete_all(conn, f"delete_{table.table}", [key])
    else:
        table.write(conn, [], [state])


def _fold(
    conn: AnyConnection,
    table: AggregateTable[S],
    work: dict[AggregateKey, list[Fact]],
    bounds: Bounds,
) -> None:
    stored = table.read(conn, work)
    moved: dict[AggregateKey, S | None] = {}
    late: list[AggregateKey] = []
    for key, facts in work.items():
        state = stored.get(key)
        if state is None or _is_late(state, facts):
            late.append(key)
        else:
            moved[key] = folded(table.kind, key, state, facts)
    whole = _refolded(conn, table.kind, late, bounds)
    table.write(conn, _there(moved), _there(whole))
    gone = [key for key, state in (moved | whole).items() if key in stored and _is_gone(state)]
    store.delete_all(conn, f"delete_{table.table}", gone)


def _is_late(state: Aggregate, facts: list[Fact]) -> bool:
    """Whether the facts need a refold; always for a stopped aggregate, whose row lacks the later events."""
    first = min(facts, key=rank).at
    return state.unfolded_event_id is not None or first <= micros(state.updated_at)


def _refolded(
    conn: AnyConnection, kind: Kind[S], keys: list[AggregateKey], bounds: Bounds
) -> dict[AggregateKey, S | None]:
    if not keys:
        return {}
    parts = {key: part_of(key.user_id) for key in keys}
    logged = store.histories(conn, keys, bounds, parts)
    histories = {
        key: [fact for fact, live in pairs if livemode.counts(live)] for key, pairs in logged.items()
    }
    return {key: folded(kind, key, None, _left(key, kind, facts)) for key, facts in histories.items()}


def _history(conn: AnyConnection, kind: Kind[S], key: AggregateKey, bounds: Bounds) -> list[Fact]:
    """The aggregate's events since the user's last erasure."""
    stream = log_reader.streams(conn, [key.user_id], bounds)[key.user_id]
    return grouped(kind, key.user_id, since_erasure(stream)).get(key, [])


def _left(key: AggregateKey, kind: Kind[S], facts: list[Fact]) -> list[Fact]:
    """Without events that were indexed under this id but whose payload names another."""
    return grouped(kind, key.user_id, facts).get(key, [])


def _there(states: Mapping[AggregateKey, S | None]) -> list[S]:
    return [state for state in states.values() if state is not None and not _is_gone(state)]


def _is_gone(state: Aggregate | None) -> bool:
    return state is None or (isinstance(state, CreatorList) and state.deleted)


TABLES: tuple[AggregateTable[Any], ...] = (  # Any: each its own state
    AggregateTable(
        CAMPAIGNS, "campaigns", store.read_campaigns, store.write_campaigns, lambda work: work.campaigns
    ),
    AggregateTable(JOBS, "scraping_jobs", store.read_jobs, store.write_jobs, lambda work: work.jobs),
    AggregateTable(LISTS, "creator_lists", store.read_lists, store.write_lists, lambda work: work.lists),
)
