"""Fold snapshots: states of a long fold that are stored, so that a refold can begin near a late event.

Which instants are kept depends only on the instant and its state, never on batches or on the number of
events: a rebuild keeps the same ones, and a late event moves none of the others.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import NamedTuple
from zlib import crc32

from projections.state import State, encode_state

# One of this many instants is kept, and fewer when the state is large.
EVERY = 256
LARGE_BYTES = 16 << 10

Passed = list[tuple[int, bytes]]  # (instant in microseconds, state), as the fold passes them


def keep(passed: Passed, at: int, state: bytes) -> None:
    """Record the state after an instant, once."""
    if not passed or passed[-1][0] != at:
        passed.append((at, state))


class Pending(NamedTuple):
    """Events after `after` must be folded again; snapshots up to it are valid, later ones are the old fold's.

    Both folds have the same events after `until`: once their states are equal there, they stay equal.
    """

    after: int
    until: int

    def joined(self, other: Pending | None) -> Pending:
        """Both combined. Instants that one has already refolded no longer have the old fold's states."""
        if other is None:
            return self
        return Pending(min(self.after, other.after), max(*self, *other))


def late(instants: Collection[int]) -> Pending | None:
    """The refold that late events at these instants need."""
    return Pending(min(instants) - 1, max(instants) - 1) if instants else None


EVER = 1 << 62
WHOLE = Pending(-EVER, EVER)


def kept_state(state: State, at: int) -> bytes | None:
    """The encoded state after the instant `at`; None when that instant is not kept."""
    drawn, remainder = divmod(crc32(at.to_bytes(16, signed=True)), EVERY)
    if remainder:
        return None
    encoded = encode_state(state)
    return None if drawn % (1 + len(encoded) // LARGE_BYTES) else encoded
