"""Observers of a running replay, so that the projections do not depend on terminals."""

from typing import Protocol


class Observer(Protocol):
    """Receives the progress of a replay; called in the coordinating process only."""

    def stage(self, name: str, total: int) -> None:
        """A stage begins; `total` is the last value that `advance` will report."""

    def advance(self, done: int) -> None:
        """The amount of the stage that is done, counted from its beginning."""

    def notice(self, text: str) -> None:
        """Report one line of text."""


class Silent:
    """Ignores all progress."""

    def stage(self, name: str, total: int) -> None:
        """Nothing to show."""

    def advance(self, done: int) -> None:
        """Nothing to show."""

    def notice(self, text: str) -> None:
        """Nothing to report."""
