"""Where a question about a long history begins to read: at a kept state of the fold.

A state may be begun at when nobody's customers changed hands since in a way that concerns the user, so that
from there on the user's history is that of the customers they own now, and when nothing in it was recorded
later than the asker knows.
"""

from collections.abc import Iterable
from datetime import datetime
from itertools import pairwise
from typing import Any, NamedTuple

from psycopg.rows import tuple_row

from events.clock import instant, micros
from events.routing import part_of
from events.statements import statement
from projections import links
from projections.accounts import Trust
from projections.code_version import projector_version
from projections.links import Owner
from projections.refusal import ROW
from projections.snapshots import EVER
from projections.state import State, decode_state
from queries.rows import AnyConnection

Owners = dict[str, list[Owner]]


class Base(NamedTuple):
    """The user's state after every event up to `at` (microseconds), and who owned their customers when."""

    at: int
    state: State
    owners: Owners


def _within(routes: list[str]) -> dict[str, Any]:  # Any: parameters of several types
    """The streams that a statement asks for."""
    return {"parts": [part_of(route) for route in routes], "routes": routes}


class Streams:
    """The streams that a user's history is made of, as projected so far.

    `moved_at`: the last instant at which a customer came to the user or went; None where an earlier release
    noted who owned it, so that only the log tells.
    """

    def __init__(self, conn: AnyConnection, user_id: str) -> None:
        self.conn = conn
        self.user_id = user_id
        with conn.cursor(row_factory=tuple_row) as cursor:
            self.claimed = cursor.execute(statement("queries", "claims_of"), {"user_id": user_id}).fetchall()
        trust = Trust(conn)
        claims = {row[0]: links.decode(row[3]) for row in self.claimed if trust.covers(row[0])}
        owners = {customer: known.owners() for customer, known in claims.items() if known is not None}
        self.owners = {c: found for c, found in owners.items() if any(o.user == user_id for o in found)}
        self.moved_at = None if len(owners) < len(claims) else max([-EVER, *self._moves()])

    def _moves(self) -> Iterable[int]:
        for intervals in self.owners.values():
            for before, owner in pairwise([Owner(0, "", None), *intervals]):
                if self.user_id in (before.user, owner.user):
                    yield owner.at

    @property
    def links(self) -> dict[str, int]:
        """The customers owned now, and since when (microseconds)."""
        return {c: owners[-1].at for c, owners in self.owners.items() if owners[-1].user == self.user_id}

    @property
    def routes(self) -> list[str]:
        """The user's own stream, and those of the customers owned now."""
        return sorted({self.user_id, *self.links})

    def row_stop(self) -> tuple[str, str] | None:
        """The event after which their rows could not be stored, and why; the fold alone doesn't show it."""
        row = self._one("row_stop", {"user_id": self.user_id, "field": ROW})
        return None if row is None else (str(row[0]), row[1])

    @property
    def _routes_of_links(self) -> list[str]:
        """The same, and those of every customer that was ever said to be the user's and of every user named
        for one: an event in any of them may have moved a customer."""
        return sorted({*self.routes, *(name for row in self.claimed for name in (row[0], *row[1]))})

    def base(self, before: int, known_at: datetime | None = None) -> Base | None:
        """The last state to begin at after an instant no later than `before`; None: at the beginning."""
        asked = {"user_id": self.user_id, "before": instant(before), "version": projector_version()}
        row = self._one("history_base", asked)
        if row is None or self.moved_at is None:
            return None
        at, state = micros(row[0]), decode_state(row[1])
        if at < self.moved_at or state.links != self.links:
            return None
        asked = _within(self._routes_of_links) | {"until": row[0], "known_at": known_at}
        if known_at is not None and self._one("history_unknown", asked):
            return None
        return Base(at, state, self.owners)

    def latest(self, until: int, count: int, known_at: datetime | None = None) -> Base | None:
        """The state to begin at for about the last so many events up to an instant; None: for all of them."""
        row = self._one("history_start", self._wanted | {"until": instant(until), "count": count})
        return None if row is None or row[0] is None else self.base(micros(row[0]), known_at)

    def reach(self, since: int, count: int) -> int:
        """An instant until which there are more than so many events after `since`, if there are so many, and
        after which no customer came or went."""
        row = self._one("history_reach", self._wanted | {"since": instant(since), "count": count})
        if row is None or row[0] is None or self.moved_at is None:
            return EVER
        return max(micros(row[0]), self.moved_at)

    def recorded_after(self, since: int, until: int, *, live_only: bool) -> int | None:
        """When the first-recorded event between two instants was recorded; microseconds."""
        asked = self._wanted | {"since": instant(since), "until": instant(until)}
        asked["live_only"] = live_only
        row = self._one("history_recorded_after", asked)
        return None if row is None else row[0]

    @property
    def _wanted(self) -> dict[str, Any]:  # Any: parameters of several types
        return _within(self.routes)

    def _one(self, name: str, asked: dict[str, Any]) -> tuple[Any, ...] | None:  # Any: columns
        with self.conn.cursor(row_factory=tuple_row) as cursor:
            return cursor.execute(statement("queries", name), asked).fetchone()
