"""A user's history step by step: each event beside the columns it changed."""

from collections.abc import Mapping
from datetime import datetime
from typing import NamedTuple

from events.clock import from_micros
from queries.changes import ColumnChange
from queries.history_at import BoundedHistory, HistoryFact
from queries.walk import HistoryWalk


class Step(NamedTuple):
    """One event of a canonical history.

    `arrived_late`: an event that belongs after this one was recorded before it.
    `problem` says why the history stops here, when it does. `behind`: column to the earlier event that
    set its value, where this one only brought it along with a customer.
    """

    entry: HistoryFact
    changes: list[ColumnChange]
    arrived_late: bool
    problem: str | None
    behind: Mapping[str, HistoryFact]

    @property
    def occurred_at(self) -> datetime:
        return from_micros(self.entry.fact.at)


def timeline(found: BoundedHistory, recorded_after: int | None = None) -> list[Step]:
    """The user's events in canonical order; a plan's publication stands among them where it changed
    one of their columns, and another user's event where it gave or took a customer.

    `recorded_after`: when the first-recorded event that comes after all these was recorded.
    """
    walked = list(HistoryWalk(found).steps())
    late = _late([each.entry for each in walked], recorded_after)
    return [
        Step(each.entry, each.changes, lateness, each.problem, each.behind)
        for each, lateness in zip(walked, late, strict=True)
    ]


def _late(entries: list[HistoryFact], earliest_after: int | None) -> list[bool]:
    """Whether anything that comes after an entry was recorded before it."""
    late: list[bool] = []
    for entry in reversed(entries):
        late.append(earliest_after is not None and earliest_after < entry.recorded)
        earliest_after = entry.recorded if earliest_after is None else min(earliest_after, entry.recorded)
    return late[::-1]
