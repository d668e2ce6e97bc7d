"""Everything of one user at once: from all their facts to all their aggregates, and those to rows."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import TypeVar

from projections.facts import Fact
from projections.platform.aggregate import Aggregate, Key, Kind, folded, grouped
from projections.platform.campaigns import CAMPAIGNS, Campaign
from projections.platform.jobs import JOBS, Job
from projections.platform.lists import LISTS, CreatorList
from projections.platform.rows import copied, item_rows, row_of
from projections.rows import Row

S = TypeVar("S", bound=Aggregate)

TABLES = ("campaigns", "scraping_jobs", "creator_lists", "list_items")
"""In the order their foreign keys want. scraping_results is bulk data and no projection."""

ERASED = "privacy.erased"
PREFIXES = (CAMPAIGNS.prefix, JOBS.prefix, LISTS.prefix)


@dataclass(frozen=True, slots=True)
class Work:
    """A user's aggregates as they stand."""

    campaigns: list[Campaign]
    jobs: list[Job]
    lists: list[CreatorList]


def sifted(facts: Iterable[Fact]) -> Iterator[Fact]:
    """The facts this package folds."""
    for fact in facts:
        if fact.source == "tenure" and (fact.type.startswith(PREFIXES) or fact.type == ERASED):
            yield fact


def work_of(user_id: str, facts: Iterable[Fact]) -> Work:
    """The aggregates after these events. What was in the log before an erasure is gone with it."""
    told = list(sifted(facts))
    erased = max((fact.position for fact in told if fact.type == ERASED), default=0)
    left = [fact for fact in told if fact.position > erased]
    lists = [each for each in _all_of(LISTS, user_id, left) if not each.deleted]
    return Work(_all_of(CAMPAIGNS, user_id, left), _all_of(JOBS, user_id, left), lists)


def copied_rows(user_id: str, facts: Iterable[Fact]) -> Iterator[tuple[str, Row]]:
    """(table, row) of a user's work, as COPY takes it."""
    work = work_of(user_id, facts)
    known = {each.id for each in work.campaigns}
    for campaign in work.campaigns:
        yield "campaigns", copied(row_of(campaign))
    for job in work.jobs:
        row = row_of(job)
        asked = row["asked_campaign_id"]
        yield "scraping_jobs", copied(row | {"campaign_id": asked if asked in known else None})
    for each in work.lists:
        yield "creator_lists", copied(row_of(each))
        for row in item_rows(each, list(each.items.values())):
            yield "list_items", copied(row)


def _all_of(kind: Kind[S], user_id: str, facts: list[Fact]) -> list[S]:
    found = grouped(kind, user_id, facts)
    states = [folded(kind, key, None, mine) for key, mine in found.items()]
    return [state for state in states if state is not None]


__all__ = ["TABLES", "Key", "Work", "copied_rows", "sifted", "work_of"]
