"""Where a query over a long history begins to read: at a stored state of the fold.

A state is a valid base when since then no customer has moved to or from the user, so that the later history
is that of the customers owned now, and when none of its events was recorded after `known_at`.
"""

from collections.abc import Iterable
from datetime import datetime
from itertools import pairwise
from typing import Any, NamedTuple

from psycopg.rows import tuple_row

from events import livemode
from events.clock import instant, micros
from events.routing import part_of
from events.statements import AnyConnection, statement
from projections import links
from projections.accounts import Trust
from projections.code_version import projector_version
from projections.links import Owner
from projections.refusal import ROW
from projections.snapshots import EVER
from projections.state import State, decode_state

Owners = dict[str, list[Owner]]


class Base(NamedTuple):
    """The user's state after every event up to `at` (microseconds), and the owners of their customers."""

    at: int
    state: State
    owners: Owners


def _within(routes: list[str]) -> dict[str, Any]:  # Any: parameters of several types
    """The parameters that select these streams."""
    return {"parts": [part_of(route) for route in routes], "routes": routes}


class Streams:
    """The streams of a user's history, as projected so far.

    `moved_at`: the last instant at which a customer moved to or from the user; None when an earlier release
    stored the claims, so that only the log shows it.
    """

    def __init__(self, conn: AnyConnection, user_id: str) -> None:
        self.conn = conn
        self.user_id = user_id
        with conn.cursor(row_factory=tuple_row) as cursor:
            self.claimed = cursor.execute(statement("queries", "claims_of"), {"user_id": user_id}).fetchall()
        trust = Trust(conn)
        claims = {row[0]: links.decode(row[3]) for row in self.claimed if trust.covers(row[0])}
        owners = {
            customer: register.owners() for customer, register in claims.items() if register is not None
        }
        self.owners = {
            c: intervals for c, intervals in owners.items() if any(o.user == user_id for o in intervals)
        }
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
        """The user's own stream, and the streams of the customers owned now."""
        return sorted({self.user_id, *self.links})

    def row_stop(self) -> tuple[str, str] | None:
        """The event after which the user's rows could not be stored, and why; the fold does not show it."""
        row = self._one("row_stop", {"user_id": self.user_id, "field": ROW})
        return None if row is None else (str(row[0]), row[1])

    @property
    def _routes_of_links(self) -> list[str]:
        """The same, and the streams of every customer ever claimed for the user and of every user named for
        one: an event in any of them may have moved a customer."""
        return sorted({*self.routes, *(name for row in self.claimed for name in (row[0], *row[1]))})

    def base(self, before: int, known_at: datetime | None = None) -> Base | None:
        """The last valid state after an instant no later than `before`; None to begin at the start."""
        parameters = {"user_id": self.user_id, "before": instant(before), "version": projector_version()}
        row = self._one("history_base", parameters)
        if row is None or self.moved_at is None:
            return None
        at, state = micros(row[0]), decode_state(row[1])
        if at < self.moved_at or state.links != self.links:
            return None
        parameters = _within(self._routes_of_links) | {"until": row[0], "known_at": known_at}
        if known_at is not None and self._one("history_unknown", parameters):
            return None
        return Base(at, state, self.owners)

    def latest(self, until: int, count: int, known_at: datetime | None = None) -> Base | None:
        """The state to begin at for about the last `count` events up to an instant; None for all events."""
        row = self._one("history_start", self._route_parameters | {"until": instant(until), "count": count})
        return None if row is None or row[0] is None else self.base(micros(row[0]), known_at)

    def reach(self, since: int, count: int) -> int:
        """An instant up to which there are more than `count` events after `since`, if that many exist, and
        after which no customer moved."""
        row = self._one("history_reach", self._route_parameters | {"since": instant(since), "count": count})
        if row is None or row[0] is None or self.moved_at is None:
            return EVER
        return max(micros(row[0]), self.moved_at)

    def recorded_after(self, since: int, until: int) -> int | None:
        """The recording time of the first-recorded event between two instants; microseconds."""
        parameters = self._route_parameters | {"since": instant(since), "until": instant(until)}
        parameters["live_only"] = livemode.live_only()
        row = self._one("history_recorded_after", parameters)
        return None if row is None else row[0]

    @property
    def _route_parameters(self) -> dict[str, Any]:  # Any: parameters of several types
        return _within(self.routes)

    def _one(self, name: str, parameters: dict[str, Any]) -> tuple[Any, ...] | None:  # Any: columns
        with self.conn.cursor(row_factory=tuple_row) as cursor:
            return cursor.execute(statement("queries", name), parameters).fetchone()
