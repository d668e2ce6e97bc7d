"""What can stop a fold."""


class Unfoldable(Exception):
    """The event can't be folded, so its user is quarantined there.

    Mend the projector (or link, or plan) and run `tenure quarantine retry USER`.
    """

    def __init__(self, field: str, reason: str) -> None:
        super().__init__(f"{field}: {reason}")
        self.field = field
        self.reason = reason
