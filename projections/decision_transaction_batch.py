"""Projecting inside many decisions at once: each about one user, all in one transaction.

What would have to be waited for is left out: a part that somebody projects or that has events to
project, a user whom a batch holds. So no decision waits for another's part, and there is no ring to
wait in. Who is left out decides alone (`inline`), and waits there.
"""

from collections.abc import Sequence
from typing import NamedTuple

from events.envelope import Appended
from events.routing import part_of
from projections.decision_transaction import Choose, Deciding, PriorEvent, Snapshot, held_among

# A head that somebody who hangs holds: those of its part may wait for it, but not everybody with them.
_NOT_FOR_LONG = b"SET LOCAL lock_timeout = '1s'"


class Asked(NamedTuple):
    """One decision: whom it is about, and the key that says it once."""

    user_id: str
    key: str


class DecisionTransactionBatch(Deciding):
    """The parts of some users, held for a decision about each. A new one each time; the caller commits."""

    def decide(self, asked: Sequence[Asked], choose: Choose) -> list[Appended]:
        """Append what `choose` chooses and fold it in; one answer for each event.

        `choose` is given only users who are free, each of whom it may decide about; it is pure, and
        asked again when events reached the parts in between. Nobody may be asked about twice.
        Raises: Moved when it then chooses otherwise; psycopg.errors.LockNotAvailable when somebody keeps
        a part's head; whatever `choose` raises. The caller must then roll back.
        """
        now = self._look(asked)
        events = choose(now)
        return self._say(events, now, choose) if events else []

    def _look(self, asked: Sequence[Asked]) -> Snapshot:
        """One round trip. Keys are told of free users only."""
        parts = {each.user_id: part_of(each.user_id) for each in asked}
        with self._conn.pipeline():
            self._conn.execute(_NOT_FOR_LONG)
            free = self._ask("lock_free_checkpoints", {"parts": sorted(set(parts.values()))})
            states = self._ask("lock_free_states", {"users": list(parts)})
            found = self._ask(
                "read_present_of", {"parts": list(parts.values()), "keys": [each.key for each in asked]}
            )
        self._positions = dict(free.fetchall())
        said = found.fetchall()
        level = {row[0] for row in said if row[1] == self._positions.get(row[0])}
        self._use_catalog(said[0][2])
        held, _ = held_among(row for row in states.fetchall() if parts[row[0]] in level)
        taken = {row[3]: PriorEvent(row[4], row[5]) for row in said if row[3] is not None}
        return Snapshot(held, self._catalog, taken)
