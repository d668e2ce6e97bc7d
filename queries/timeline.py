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
    `problem`: why the history stops here, if it does. `behind`: column to the earlier event that set its
    value, if this event only moved the customer.
    """

    entry: HistoryFact
    changes: list[ColumnChange]
    arrived_late: bool
    problem: str | None
    behind: Mapping[str, HistoryFact]

    @property
    def occurred_at(self) -> datetime:
        return from_micros(self.entry.fact.at)


def timeline(history: BoundedHistory, recorded_after: int | None = None) -> list[Step]:
    """The user's events in canonical order, with plan publications that changed one of their columns and
    other users' events that moved a customer.

    `recorded_after`: the recording time of the first-recorded event that comes after all these.
    """
    walked = list(HistoryWalk(history).steps())
    late = _late([step.entry for step in walked], recorded_after)
    return [
        Step(step.entry, step.changes, lateness, step.problem, step.behind)
        for step, lateness in zip(walked, late, strict=True)
    ]


def _late(entries: list[HistoryFact], earliest_after: int | None) -> list[bool]:
    """For each entry, whether a later event was recorded before it."""
    late: list[bool] = []
    for entry in reversed(entries):
        late.append(earliest_after is not None and earliest_after < entry.recorded)
        earliest_after = entry.recorded if earliest_after is None else min(earliest_after, entry.recorded)
    return late[::-1]
