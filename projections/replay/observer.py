"""Who looks on while a replay runs: the projections know nothing of terminals."""

from typing import Protocol


class Observer(Protocol):
    """Told what is going on; called in the coordinating process only."""

    def stage(self, name: str, total: int) -> None:
        """A stage begins; `total` is what `advance` will add up to."""

    def advance(self, done: int) -> None:
        """So much of the stage is done, counted from its beginning."""

    def notice(self, text: str) -> None:
        """One line worth knowing."""


class Silent:
    """Looks away."""

    def stage(self, name: str, total: int) -> None:
        """Nothing to show."""

    def advance(self, done: int) -> None:
        """Nothing to show."""

    def notice(self, text: str) -> None:
        """Nothing to tell."""
