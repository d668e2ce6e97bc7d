"""What can stop a fold, or a decision that waits for one."""


class Unfoldable(Exception):
    """The event can't be folded, so its user is quarantined there.

    Fix the projector (or link, or plan) and run `tenure quarantine retry USER`.
    """

    def __init__(self, field: str, reason: str) -> None:
        super().__init__(f"{field}: {reason}")
        self.field = field
        self.reason = reason


class StateUnreadable(Exception):
    """A stored fold is in a form that this release can't read. A batch or a decision folds it again."""

    def __init__(self, user_id: str) -> None:
        super().__init__(
            f"the stored state of {user_id} is in a form that this release can't read; fold it again from "
            f"the log: tenure replay --user {user_id}"
        )
        self.user_id = user_id


class PartBehind(Exception):
    """More events wait in this part than a decision waits for. Check that `tenure work` runs."""

    def __init__(self, part: int, pending: int, most: int) -> None:
        super().__init__(
            f"part {part}: expected at most {most} events to be projected, found {pending}; "
            "see that tenure work runs, and try again"
        )
        self.part = part
        self.pending = pending


class PartBusy(Exception):
    """Other events kept reaching the part during the decision. Try again."""

    def __init__(self, part: int, attempts: int) -> None:
        super().__init__(f"part {part}: other events came first {attempts} times in a row; try again")
        self.part = part
        self.attempts = attempts
