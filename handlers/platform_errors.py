"""Why a campaign, a job or a list stayed as it was."""

from collections.abc import Sequence
from uuid import UUID

from handlers.errors import DecisionRefused


class NotTheirs(DecisionRefused):
    """The user has no such thing; whether somebody else has is not told."""

    def __init__(self, what: str) -> None:
        super().__init__(f"expected a {what} of this user, found none with this id")
        self.what = what


class VersionConflict(DecisionRefused):
    """Somebody changed it since it was read. Read it again and decide anew."""

    def __init__(self, expected: int, found: int) -> None:
        super().__init__(f"expected version {expected}, found {found}; read it again, then try again")
        self.expected = expected
        self.found = found


class WrongState(DecisionRefused):
    """What it is now does not allow that. `allowed` are the states that would."""

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
    """A list holds no more than `most` items. Begin another."""

    def __init__(self, most: int) -> None:
        super().__init__(f"expected a list of fewer than {most} items, found a full one; begin another")
        self.most = most
