"""Why a column is what it is: the event, the rule and the code that set it."""

from datetime import datetime
from itertools import count
from typing import Any

from events.clock import from_micros, micros
from events.statements import AnyConnection
from projections.code_version import projector_version
from projections.snapshots import EVER
from projections.tables.registry import COLUMNS, TABLE_OF, TABLES
from queries.bases import Base, Streams
from queries.changes import ColumnChange
from queries.errors import UnknownColumn
from queries.history_at import BoundedHistory, HistoryFact, load_history
from queries.timeline import Step, timeline
from queries.undecided import MAX_LATER, may_be_undecided, undecided_reason
from queries.why import unpriced

Json = dict[str, Any]  # Any: JSON values and instants


def explain(
    conn: AnyConnection,
    user_id: str,
    column: str,
    *,
    as_of: datetime | None = None,
    known_at: datetime | None = None,
) -> Json | None:
    """The column's value, the event that set it, and the chain of earlier values, newest first.

    `earlier` of a long history may not reach its beginning; `earlier_is_complete` is true if it does.
    `note` is set when the present subscription's price names no plan, which no event shows.
    `undecided` is true when the snapshots allow another order of events, with another value.
    None for an unknown user.
    Raises: UnknownColumn.
    """
    if column not in RULES:
        raise UnknownColumn(column, sorted(RULES))
    end = EVER if as_of is None else micros(as_of)
    search = Search(Streams(conn, user_id), column, known_at=known_at)
    chain = search.chain(end)
    if not chain:
        return None
    entries = [_entry(step, change) for step, change in chain]
    is_now = as_of is None and known_at is None
    note = unpriced(conn, user_id) if column in OF_THE_PRICE and is_now else None
    reason = search.undecided(_behind(*chain[0]).fact.at, end)
    return {
        "column": column,
        **entries[0],
        "note": note,
        "undecided": reason is not None,
        "undecided_reason": reason,
        "earlier": entries[1:],
        "earlier_is_complete": search.is_complete,
    }


class Search:
    """Searches backwards for the events that set a column, from stored state to stored state."""

    def __init__(self, streams: Streams, column: str, *, known_at: datetime | None) -> None:
        self._streams = streams
        self._column = column
        self._known_at = known_at
        self._window: BoundedHistory | None = None
        self.is_complete = False

    def chain(self, end: int) -> list[tuple[Step, ColumnChange]]:
        """The column's changes up to an instant, the newest first. Empty for an unknown user; for a column
        that is null from the beginning, the first event, which created the row."""
        chain: list[tuple[Step, ColumnChange]] = []
        base = self._streams.base(end, self._known_at)
        for reads in count(1):
            history = self._read(base, end)
            steps = timeline(history)
            changes = [(s, c) for s in reversed(steps) for c in s.changes if c.column == self._column]
            if changes and not chain:
                self._window = history
            chain += changes
            if base is None:
                self.is_complete = True
                break
            if len(chain) > 1 and reads >= MAX_READS:
                break
            end = max(self._changed_before(base, history), self._streams.moved_at or end)
            base = self._streams.base(end - 1, self._known_at)
        if not chain and steps:
            self._window = history
            chain = [(steps[0], ColumnChange("", self._column, None, None))]
        return chain

    def undecided(self, at: int, end: int) -> str | None:
        """Why the column's value since an instant is not certain; None if it is."""
        if self._window is None or not may_be_undecided(self._window, self._column, at):
            return None
        base = self._streams.base(at - 1, self._known_at)
        until = min(end, self._streams.reach(at, MAX_LATER))
        return undecided_reason(self._read(base, until), self._column, at)

    def _read(self, base: Base | None, until: int) -> BoundedHistory:
        return load_history(
            self._streams.conn,
            self._streams.user_id,
            known_at=self._known_at,
            streams=self._streams,
            base=base,
            until=until,
        )

    def _changed_before(self, base: Base, history: BoundedHistory) -> int:
        """The last instant up to a stored state at which the column may have changed."""
        table = TABLE_OF[self._column]
        columns = TABLES[table].columns
        at = base.state.changed_at[table]
        if cells := base.state.cells_at.get(table):
            at = cells[max(0, columns.index(self._column) - len(columns) + len(cells))]
        plans = history.plan_entries if self._column in OF_THE_PRICE else []
        return max([at, *(entry.fact.at for entry in plans if entry.fact.at <= base.at)])


def _entry(step: Step, change: ColumnChange) -> Json:
    entry = _behind(step, change)
    return {
        "value": change.new,
        "event_id": entry.fact.id,
        "event_type": entry.fact.type,
        "occurred_at": from_micros(entry.fact.at),
        "actor": entry.actor,
        "reason": entry.reason,
        "rule": LEGACY if entry.fact.type == "legacy.imported" else RULES[change.column],
        "projector_version": projector_version(),
    }


def _behind(step: Step, change: ColumnChange) -> HistoryFact:
    """The event that set the value: an earlier one if the step only moved the customer."""
    return step.behind.get(change.column, step.entry)


MAX_READS = 4

OF_THE_PRICE = frozenset(name for name, column in COLUMNS.items() if column.is_priced)
LEGACY = "the value from before the log began, until another event sets it"
RULES = {name: column.rule for name, column in COLUMNS.items()}
