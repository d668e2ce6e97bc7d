"""Crowds: instants with more events than one transaction folds, read and folded a piece at a time.

The order within an instant depends on all its facts, so there is no state between two of them to store in
the database. The pieces stay in memory; a process that ends loses only time. The database shows the fold
without the instant's new facts until the last piece.
"""

from collections.abc import Iterator, Mapping
from datetime import datetime
from itertools import islice

from events.statements import AnyConnection
from projections import log_reader
from projections.facts import Fact
from projections.fold import fold_one, in_order
from projections.log_reader import HistoryRequest
from projections.state import State


class Crowd:
    """One user's instant, begun at the state before it; `after` is the state after it once it is folded."""

    def __init__(self, before: State, at: int, request: HistoryRequest) -> None:
        self.before = before
        self.at = at
        self.facts: list[Fact] = []
        self.after: State | None = None
        self._customers = request.customers
        self._positions = dict.fromkeys((route for route, _ in request.streams(before.user_id)), 0)
        self._left: Iterator[Fact] | None = None
        self._state = before

    def is_of(self, before: State, at: int) -> bool:
        """True if this is the same instant after the same history."""
        return self.at == at and self.before == before

    def advance(self, conn: AnyConnection, bounds: Mapping[int, int], *, limit: int) -> State | None:
        """Do one piece: read facts, sort them, or fold some. Returns the state after the last piece."""
        if self._reads_more(conn, bounds, limit=limit):
            self._left = self.after = None
        elif self._left is None:
            self._state = self.before.copy()
            self._left = iter(in_order(self.facts, self._state))
        else:
            folded = 0
            for fact in islice(self._left, limit):
                fold_one(self._state, fact)
                folded += 1
            self.after = self._state if folded < limit else None
        return self.after

    def _reads_more(self, conn: AnyConnection, bounds: Mapping[int, int], *, limit: int) -> bool:
        events = log_reader.instant_events(conn, self._positions, self.at, bounds, limit=limit)
        for event in events:
            self._positions[event.route_key] = event.fact.position
            is_own = event.is_user and event.route_key == self.before.user_id
            if is_own or (event.is_customer and event.route_key in self._customers):
                self.facts.append(event.fact)
        return bool(events)


class Crowds:
    """The crowds that one process folds: those of the users whose histories it currently refolds."""

    def __init__(self) -> None:
        self._crowds: dict[str, tuple[datetime, Crowd | None]] = {}

    def keep(self, waiting: Mapping[str, datetime]) -> None:
        """Forget the crowds of other users, and of users whose whole refold was requested again since."""
        self._crowds = {
            user: (since, crowd if was == since else None)
            for user, since in waiting.items()
            for was, crowd in [self._crowds.get(user, (since, None))]
        }

    def has_begun(self, user: str) -> bool:
        """True for a user with a crowd that is not yet folded."""
        return self._crowds.get(user, (None, None))[1] is not None

    def finish(self, user: str) -> None:
        """Forget the user's crowd: it is folded."""
        self._crowds[user] = self._crowds[user][0], None

    def of(self, before: State, at: int, request: HistoryRequest) -> Crowd | None:
        """The user's crowd; None for a user who does not wait."""
        user = before.user_id
        if user not in self._crowds:
            return None
        since, crowd = self._crowds[user]
        if crowd is None or not crowd.is_of(before, at):
            crowd = Crowd(before, at, request)
            self._crowds[user] = since, crowd
        return crowd
