"""Errors of scheduled handlers."""


class LeadershipLost(Exception):
    """Another process may lead by now; this one stops, and its run is not recorded."""

    def __init__(self, name: str) -> None:
        super().__init__(f"{name}: this process no longer leads; the leader runs it again")
        self.name = name
