"""How many events a transaction refolds: as many as fit in the time that other users may wait."""

from projections import refolding

LONG_S = 0.05
SHORT_S = 0.025
LEAST = 32


class SlicePace:
    """Grows by a quarter after a short transaction and halves after a long one."""

    def __init__(self) -> None:
        self.events = max(1, refolding.SLICE // 4)

    def took(self, seconds: float) -> None:
        """Record the duration of a transaction that refolded histories."""
        if seconds > LONG_S:
            self.events = max(min(LEAST, refolding.SLICE), self.events // 2)
        elif seconds < SHORT_S:
            self.events = min(refolding.SLICE, self.events + self.events // 4 + 1)
