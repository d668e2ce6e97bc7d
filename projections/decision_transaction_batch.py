"""Projecting inside many decisions at once: each about one user, all in one transaction.

What would have to be waited for is left out: a part that somebody projects or that has events to
project, a user whom a batch holds. So no decision waits for another's part, and there is no ring to
wait in. Who is left out decides alone (`inline`), and waits there.
"""

from collections.abc import Sequence
from typing import NamedTuple

from events.envelope import Appended
from events.routing import part_of
from projections.decision_transaction import Choose, Deciding, PriorEvent, Snapshot, locked_users

# A head that somebody who hangs holds: those of its part may wait for it, but not everybody with them.
_NOT_FOR_LONG = b"SET LOCAL lock_timeout = '1s'"


class DecisionKey(NamedTuple):
    """One decision: whom it is about, and the key that says it once."""

    user_id: str
    key: str


class DecisionTransactionBatch(Deciding):
    """The parts of some users, held for a decision about each. A new one each time; the caller commits."""

    def decide(self, decisions: Sequence[DecisionKey], choose: Choose) -> list[Appended]:
        """Append what `choose` chooses and fold it in; one answer for each event.

        `choose` is given only users who are free, each of whom it may decide about; it is pure, and
        asked again when events reached the parts in between. Nobody may be asked about twice.
        Raises: Moved when it then chooses otherwise; psycopg.errors.LockNotAvailable when somebody keeps
        a part's head; whatever `choose` raises. The caller must then roll back.
        """
        now = self._lock_and_read(decisions)
        events = choose(now)
        return self._append_and_fold(events, now, choose) if events else []

    def _lock_and_read(self, decisions: Sequence[DecisionKey]) -> Snapshot:
        """One round trip. Keys are told of free users only."""
        parts = {decision.user_id: part_of(decision.user_id) for decision in decisions}
        with self._conn.pipeline():
            self._conn.execute(_NOT_FOR_LONG)
            free = self._query("lock_free_checkpoints", {"parts": sorted(set(parts.values()))})
            states = self._query("lock_free_states", {"users": list(parts)})
            present_rows = self._query(
                "read_present_of",
                {"parts": list(parts.values()), "keys": [decision.key for decision in decisions]},
            )
        self._positions = dict(free.fetchall())
        rows = present_rows.fetchall()
        level = {row[0] for row in rows if row[1] == self._positions.get(row[0])}
        self._use_catalog(rows[0][2])
        users, _ = locked_users(row for row in states.fetchall() if parts[row[0]] in level)
        prior_events = {row[3]: PriorEvent(row[4], row[5]) for row in rows if row[3] is not None}
        return Snapshot(users, self._catalog, prior_events)
