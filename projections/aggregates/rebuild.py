"""All aggregates of one user at once: from all facts of the user to states, and from states to rows."""

from collections.abc import Callable, Collection, Iterable, Iterator
from dataclasses import dataclass
from typing import Any, TypeVar
from uuid import UUID

from projections.aggregates.aggregate import (
    Aggregate,
    Kind,
    folded,
    grouped,
    stopped_before_refusal,
)
from projections.aggregates.campaigns import CAMPAIGNS, Campaign
from projections.aggregates.lists import LISTS, CreatorList
from projections.aggregates.rows import copied, item_rows, row_of
from projections.aggregates.scraping_jobs import JOBS, ScrapingJob
from projections.facts import Fact
from projections.rows import Row

S = TypeVar("S", bound=Aggregate)
Rows = list[tuple[str, Row]]

TABLES = ("campaigns", "scraping_jobs", "creator_lists", "list_items")
"""In the order their foreign keys need. scraping_results is bulk data and not a projection."""

TABLE_OF: dict[type[Aggregate], str] = {
    Campaign: "campaigns",
    ScrapingJob: "scraping_jobs",
    CreatorList: "creator_lists",
}
ERASED = "privacy.erased"
KINDS: tuple[Kind[Any], ...] = (CAMPAIGNS, JOBS, LISTS)  # Any: each its own state
PREFIXES = tuple(kind.prefix for kind in KINDS)


@dataclass(frozen=True, slots=True)
class UserAggregates:
    """A user's aggregates."""

    campaigns: list[Campaign]
    jobs: list[ScrapingJob]
    lists: list[CreatorList]


def sifted(facts: Iterable[Fact]) -> Iterator[Fact]:
    """The facts this package folds."""
    for fact in facts:
        if fact.source == "tenure" and (fact.type.startswith(PREFIXES) or fact.type == ERASED):
            yield fact


def work_of(user_id: str, facts: Iterable[Fact]) -> UserAggregates:
    """The aggregates after these events, without events before an erasure."""
    remaining = since_erasure(facts)
    lists = [state for state in _all_of(LISTS, user_id, remaining) if not state.deleted]
    return UserAggregates(_all_of(CAMPAIGNS, user_id, remaining), _all_of(JOBS, user_id, remaining), lists)


def since_erasure(facts: Iterable[Fact]) -> list[Fact]:
    """The facts that this package folds, after the user's last erasure."""
    own_facts = list(sifted(facts))
    erased = max((fact.position for fact in own_facts if fact.type == ERASED), default=0)
    return [fact for fact in own_facts if fact.position > erased]


def copied_rows(user_id: str, facts: Iterable[Fact]) -> Iterator[tuple[str, Row]]:
    """(table, row) of a user's aggregates, as COPY takes it."""
    work = work_of(user_id, facts)
    campaigns = {campaign.id for campaign in work.campaigns}
    for state in (*work.campaigns, *work.jobs, *work.lists):
        yield from rows_of_aggregate(state, campaigns)


def storable_rows(user_id: str, facts: Iterable[Fact], storable: Callable[[Rows], bool]) -> Rows:
    """The rows of a user's aggregates; one that can't be stored stops before the refused event."""
    remaining = since_erasure(facts)
    rows: Rows = []
    campaigns: set[UUID] = set()
    for kind in KINDS:
        for key, mine in grouped(kind, user_id, remaining).items():

            def rows_at(state: Aggregate) -> Rows:
                return list(rows_of_aggregate(state, campaigns))

            state: Aggregate | None = folded(kind, key, None, mine)
            if state is not None and not storable(rows_at(state)):
                state = stopped_before_refusal(kind, key, mine, lambda some: storable(rows_at(some)))
            if state is None or (isinstance(state, CreatorList) and state.deleted):
                continue
            rows += rows_at(state)
            if isinstance(state, Campaign):
                campaigns.add(state.id)
    return rows


def rows_of_aggregate(state: Aggregate, campaigns: Collection[UUID]) -> Iterator[tuple[str, Row]]:
    """(table, row) of one aggregate, as COPY takes it; `campaigns` are those that the user has."""
    row = row_of(state)
    if isinstance(state, ScrapingJob):
        named = row["asked_campaign_id"]
        row["campaign_id"] = named if named in campaigns else None
    yield TABLE_OF[type(state)], copied(row)
    if isinstance(state, CreatorList):
        for item in item_rows(state, list(state.items.values())):
            yield "list_items", copied(item)


def _all_of(kind: Kind[S], user_id: str, facts: list[Fact]) -> list[S]:
    histories = grouped(kind, user_id, facts)
    states = [folded(kind, key, None, mine) for key, mine in histories.items()]
    return [state for state in states if state is not None]


__all__ = ["TABLES", "UserAggregates", "copied_rows", "sifted", "work_of"]
