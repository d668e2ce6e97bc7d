"""Projecting inside many decisions at once: each about one user, all in one transaction.

The batch skips locked rows: a part that another transaction projects or that has events to project, and
a user whom another transaction locks. So no decision waits for another part, and no deadlock can arise.
A skipped decision runs by itself (`decision_transaction`) and waits there.
"""

from collections.abc import Sequence
from typing import NamedTuple

from events.envelope import Appended
from events.routing import part_of
from projections.decision_transaction import Choose, Deciding, PriorEvent, Snapshot, locked_users

# If a stuck transaction locks the head of one part, only decisions of that part should wait for it.
_NOT_FOR_LONG = b"SET LOCAL lock_timeout = '1s'"


class DecisionKey(NamedTuple):
    """The user of a decision, and its idempotency key."""

    user_id: str
    key: str


class DecisionTransactionBatch(Deciding):
    """The parts of some users, locked for a decision about each. Create one per batch; the caller commits."""

    def decide(self, decisions: Sequence[DecisionKey], choose: Choose) -> list[Appended]:
        """Append the events that `choose` returns and fold them; one `Appended` per event.

        `choose` receives only users who are not locked; it is pure, and called again when events reached
        the parts in between. Each user may be in `decisions` once.
        Raises: SnapshotChanged when `choose` then returns other events; psycopg.errors.LockNotAvailable
        when another transaction keeps a head locked; any exception of `choose`. The caller must roll back.
        """
        now = self._lock_and_read(decisions)
        events = choose(now)
        return self._append_and_fold(events, now, choose) if events else []

    def _lock_and_read(self, decisions: Sequence[DecisionKey]) -> Snapshot:
        """One round trip. Prior events are read for unlocked users only."""
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
