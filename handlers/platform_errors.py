"""Reasons why a campaign, a job or a list was not changed."""

from collections.abc import Sequence
from uuid import UUID

from handlers.errors import DecisionRefused


class NotTheirs(DecisionRefused):
    """The user has no such row; the message does not disclose whether another user has it."""

    def __init__(self, what: str) -> None:
        super().__init__(f"expected a {what} of this user, found none with this id")
        self.what = what


class VersionConflict(DecisionRefused):
    """Another request changed it since it was read. Read it again, then decide."""

    def __init__(self, expected: int, actual: int) -> None:
        super().__init__(f"expected version {expected}, found {actual}; read it again, then try again")
        self.expected = expected
        self.found = actual  # as problem+json names it


class WrongState(DecisionRefused):
    """The current state does not allow the change. `allowed` are the states that do."""

    def __init__(self, what: str, state: str, allowed: Sequence[str]) -> None:
        super().__init__(f"expected a {what} that is {' or '.join(allowed)}, found one that is {state}")
        self.state = state
        self.allowed = list(allowed)


class HistoryStopped(DecisionRefused):
    """Its history stops at an event that can't be folded, so nothing can be decided about it."""

    def __init__(self, event_id: UUID) -> None:
        super().__init__(
            f"its history stops at event {event_id}, which can't be folded; "
            "mend it and run: tenure quarantine retry"
        )
        self.event_id = event_id


class CreatorTwice(DecisionRefused):
    """The creator is in the list already, as `item_id`. Change that item."""

    def __init__(self, item_id: UUID) -> None:
        super().__init__(f"expected a creator who is not in the list, found them as item {item_id}")
        self.item_id = item_id


class ListFull(DecisionRefused):
    """A list has at most `most` items. Create another."""

    def __init__(self, most: int) -> None:
        super().__init__(f"expected a list of fewer than {most} items, found a full one; create another")
        self.most = most
