"""Refolding histories from their nearest snapshot: at once where few events are to be read, else in slices.

A slice is one short transaction and writes a snapshot at its end, from which the next slice continues.
Meanwhile the user's rows are those of the old fold, as if the late event had not arrived yet, and no
other user waits. A refold that reaches a state equal to the old fold's ends there: later states are equal.
"""

from collections.abc import Collection, Iterable, Mapping
from typing import NamedTuple

from events.statements import AnyConnection
from projections import log_reader, store
from projections.crowds import Crowds
from projections.facts import Fact
from projections.fold import advance, crowd, fold_through, is_crowd, open_from, settle
from projections.log_reader import HistoryRequest, Stretch
from projections.snapshots import EVER, Passed, Pending, keep, kept_state, late
from projections.state import Folded, State, encode_state

# Events that one transaction refolds, beside those of its batch, and the minimum per user.
SLICE = 500
SMALLEST_SLICE = 64


class Refold(NamedTuple):
    """The new fold; None when the old one is still right, or while more is `pending`."""

    folded: Folded | None
    pending: Pending | None


def refold_users(
    conn: AnyConnection,
    due: Mapping[str, Pending],
    bounds: Mapping[int, int],
    *,
    batch: Mapping[str, int],
    to_the_end: Collection[str] = (),
    most: int,
    crowds: Crowds,
) -> dict[str, Refold]:
    """Continue from each user's last valid snapshot, up to the given position of each part.

    The users are locked. `batch`: how many events of each user are in the batch, which are folded besides
    `most` in total; users in `to_the_end` are folded completely, however long that takes.
    """
    linked = store.customers_of(conn, due)
    kept = store.nearest_snapshots(conn, {user: pending.after for user, pending in due.items()})
    share = max(1, min(SMALLEST_SLICE, most), most // max(1, len(due)))
    slices = {
        user: _Slice(user, pending, *kept.get(user, (-EVER, State(user_id=user, links=linked[user]))))
        for user, pending in due.items()
    }
    requests = {
        user: HistoryRequest(
            linked[user], user_slice.began + 1, EVER if user in to_the_end else batch.get(user, 0) + share
        )
        for user, user_slice in slices.items()
    }
    # One event shows whether a crowd that is being folded still comes first.
    requests |= {
        user: request._replace(limit=1) for user, request in requests.items() if crowds.has_begun(user)
    }
    rest: dict[str, HistoryRequest] = {}
    for user, stretch in log_reader.stretches(conn, requests, bounds).items():
        if stretch.crowd is None:
            slices[user].fold(stretch)
        elif met := crowds.of(slices[user].state, stretch.crowd, requests[user]):
            after = met.advance(conn, bounds, limit=share)
            if after is not None:
                slices[user].pass_crowd(met.at, met.facts, after)
                crowds.finish(user)
                rest[user] = HistoryRequest(linked[user], met.at + 1, share)
    for user, stretch in log_reader.stretches(conn, rest, bounds).items():
        slices[user].fold(stretch)
    return _ended(conn, slices)


def _ended(conn: AnyConnection, slices: "Mapping[str, _Slice]") -> dict[str, Refold]:
    """The outcome of each slice; its snapshots replace those of the old fold."""
    moved = {
        user: user_slice
        for user, user_slice in slices.items()
        if user_slice.has_moved or user_slice.is_from_the_beginning
    }
    equal = store.equal_snapshots(
        conn, [row for user_slice in moved.values() for row in user_slice.comparable()]
    )
    refolds = {user: user_slice.ended(equal.get(user)) for user, user_slice in slices.items()}
    store.delete_snapshots(conn, {user: user_slice.replaced for user, user_slice in moved.items()})
    store.write_snapshots(
        conn, [(user, *row) for user, user_slice in moved.items() for row in user_slice.passed]
    )
    return refolds


class _Slice:
    """One user's fold from a stored state on.

    `replaced` is the interval in which the states in `passed` replace all stored snapshots.
    """

    def __init__(self, user: str, pending: Pending, began: int, state: State) -> None:
        self._user = user
        self._pending = pending
        self._folded = Folded(state, [])
        self._is_whole = False
        self.began = began
        self.state = state
        self.passed: Passed = []
        self.has_moved = False
        # A snapshot written only for this slice to begin at is deleted.
        since = pending.after + (began != pending.after or kept_state(state, began) is not None)
        self.replaced = (since, EVER)

    @property
    def is_from_the_beginning(self) -> bool:
        """True if nothing of the old fold is valid or may stay, as after an erasure."""
        return self._pending.after == -EVER

    def fold(self, stretch: Stretch) -> None:
        fold_through(self._folded, stretch.facts, self.passed)
        self._is_whole = stretch.is_whole
        self.has_moved = True

    def pass_crowd(self, at: int, facts: list[Fact], after: State) -> None:
        """Go on after an instant that was folded in pieces."""
        if is_crowd(facts):
            crowd(self._folded, at, self.state, self.passed)
            self._folded.settled = after.copy()
        else:
            fold_through(self._folded, facts, self.passed)
        self.has_moved = True

    def comparable(self) -> list[tuple[str, int, bytes]]:
        """The states that may equal those of the old fold."""
        return [(self._user, *row) for row in self.passed if row[0] > self._pending.until]

    def ended(self, equal: int | None) -> Refold:
        """The outcome of the slice; from the instant `equal` on the states equal those of the old fold."""
        since, _ = self.replaced
        if not self.has_moved:
            return Refold(None, self._pending)
        if equal is not None:
            self.passed = [row for row in self.passed if row[0] <= equal]
            self.replaced = (since, equal)
            return Refold(None, None)
        if self._is_whole:
            return Refold(self._folded, None)
        last = self._folded.tail[0].at if self._folded.tail else open_from(self._folded) - 1
        settle(self._folded)
        keep(self.passed, last, encode_state(self._folded.settled))
        if self._pending.after > -EVER:
            self.replaced = (since, last)
        return Refold(None, Pending(last, self._pending.until))


def advance_some(
    folded: Folded, facts: Iterable[Fact], pending: Pending | None, kept: list[store.Kept]
) -> Pending | None:
    """Fold the facts that are in order; returns the refold that the late facts need, if there are any.

    Facts at instants that a pending refold has already passed count as late.
    """
    done = pending.after if pending else -EVER
    first = max(open_from(folded), done + 1)
    passed: Passed = []
    advance(folded, [fact for fact in facts if fact.at >= first], passed)
    kept += [(folded.settled.user_id, at, state) for at, state in passed if at > done]
    behind = late([fact.at for fact in facts if fact.at < first])
    return behind and behind.joined(pending)
