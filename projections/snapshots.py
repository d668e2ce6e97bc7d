"""Fold snapshots: states of a long fold that are kept, so that a later one can begin near where it has to.

Which instants are kept depends on the instant and its state alone, never on batches or on how many events
there are: a rebuild keeps the same ones, and a late event moves none of the others.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import NamedTuple
from zlib import crc32

from projections.state import State, encode_state

# One instant in so many is kept, and fewer of a state that is large itself.
EVERY = 256
LARGE_BYTES = 16 << 10

Passed = list[tuple[int, bytes]]  # (instant in microseconds, state), as the fold passes them


def keep(passed: Passed, at: int, state: bytes) -> None:
    """Note the state after an instant, once."""
    if not passed or passed[-1][0] != at:
        passed.append((at, state))


class Pending(NamedTuple):
    """Events after `after` are to be folded again; snapshots up to it count, later ones are the old fold's.

    Both folds have the same events after `until`: from where their states are equal there, they stay so.
    """

    after: int
    until: int

    def joined(self, other: Pending | None) -> Pending:
        """Both at once. What was folded anew already no longer shows the old fold's states."""
        if other is None:
            return self
        return Pending(min(self.after, other.after), max(*self, *other))


def late(instants: Collection[int]) -> Pending | None:
    """Events at these instants are still to be folded in."""
    return Pending(min(instants) - 1, max(instants) - 1) if instants else None


EVER = 1 << 62
WHOLE = Pending(-EVER, EVER)


def kept_state(state: State, at: int) -> bytes | None:
    """The state as it is kept after the instant `at`; None when that instant is not one of those kept."""
    drawn, remainder = divmod(crc32(at.to_bytes(16, signed=True)), EVERY)
    if remainder:
        return None
    encoded = encode_state(state)
    return None if drawn % (1 + len(encoded) // LARGE_BYTES) else encoded
