"""Folding histories again from their nearest snapshot: at once where little is to be read, else in slices.

A slice is one short transaction and leaves a snapshot where it ended, so that the next one goes on from
there. Meanwhile the user's rows are those of the old fold, as if the late event had not arrived yet, and
neither their neighbours nor they wait. A fold that runs into the old one's states ends there: from then
on nothing differs.
"""

from collections.abc import Collection, Mapping
from typing import NamedTuple

from projections import log, store
from projections.fold import fold_through, settle
from projections.log import AnyConnection, Stretch, Wanted
from projections.snapshots import EVER, Passed, Pending, kept_state
from projections.state import Folded, State, encode_state

# Events that one transaction folds again, beside those of its batch, and the least for each of many users.
SLICE = 500
SMALLEST_SLICE = 64


class Refold(NamedTuple):
    """A whole new fold; or none, because the old one holds or, while `pending`, for the time being."""

    folded: Folded | None
    pending: Pending | None


def refold_users(
    conn: AnyConnection,
    wanted: Mapping[str, Pending],
    bounds: Mapping[int, int],
    *,
    batch: Mapping[str, int],
    to_the_end: Collection[str] = (),
    live_only: bool,
) -> dict[str, Refold]:
    """Fold on from each user's last snapshot that counts, up to the given position of each part.

    The users are locked. `batch`: how many events of each are in the batch, and are folded besides;
    those `to_the_end` are folded whole, however long that takes.
    """
    linked = store.customers_of(conn, wanted)
    kept = store.nearest_snapshots(conn, {user: pending.after for user, pending in wanted.items()})
    share = max(SMALLEST_SLICE, SLICE // max(1, len(wanted)))
    slices = {
        user: _Slice(user, pending, *kept.get(user, (-EVER, State(user_id=user, links=linked[user]))))
        for user, pending in wanted.items()
    }
    asked = {
        user: Wanted(linked[user], each.began + 1, EVER if user in to_the_end else batch.get(user, 0) + share)
        for user, each in slices.items()
    }
    for user, stretch in log.stretches(conn, asked, bounds, live_only=live_only).items():
        slices[user].fold(stretch)
    equal = store.equal_snapshots(conn, [row for each in slices.values() for row in each.comparable()])
    refolds = {user: each.ended(equal.get(user)) for user, each in slices.items()}
    store.delete_snapshots(conn, {user: each.replaced for user, each in slices.items()})
    store.write_snapshots(conn, [(user, *row) for user, each in slices.items() for row in each.passed])
    return refolds


class _Slice:
    """One user's fold from a kept state on.

    `replaced` are the instants between which the states in `passed` are all that stays kept.
    """

    def __init__(self, user: str, pending: Pending, began: int, state: State) -> None:
        self._user = user
        self._pending = pending
        self._folded = Folded(state, [])
        self._is_whole = False
        self.began = began
        self.passed: Passed = []
        # A snapshot made only for this slice to begin at goes.
        since = pending.after + (began != pending.after or kept_state(state, began) is not None)
        self.replaced = (since, EVER)

    def fold(self, stretch: Stretch) -> None:
        fold_through(self._folded, stretch.facts, self.passed)
        self._is_whole = stretch.is_whole

    def comparable(self) -> list[tuple[str, int, bytes]]:
        """The states that may be found to be the old fold's too."""
        return [(self._user, *row) for row in self.passed if row[0] > self._pending.until]

    def ended(self, equal: int | None) -> Refold:
        """How the slice ends; from the instant `equal` on the old fold's states are the same."""
        since, _ = self.replaced
        if equal is not None:
            self.passed = [row for row in self.passed if row[0] <= equal]
            self.replaced = (since, equal)
            return Refold(None, None)
        if self._is_whole:
            return Refold(self._folded, None)
        last = self._folded.tail[0].at
        settle(self._folded)
        if not self.passed or self.passed[-1][0] != last:
            self.passed.append((last, encode_state(self._folded.settled)))
        if self._pending.after > -EVER:
            self.replaced = (since, last)
        return Refold(None, Pending(last, self._pending.until))
