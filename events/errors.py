"""Errors of the log."""


class LogError(Exception):
    """Base of the log's errors."""


class UnreadablePayload(LogError):
    """The body is not one JSON object. Keep it with `keep_unreadable`; it can't be projected."""

    def __init__(self, reason: str) -> None:
        super().__init__(f"expected one JSON object in UTF-8, found {reason}")
        self.reason = reason


class EventNotFound(LogError):
    """No event has that id. Look it up with `tenure events list`."""

    def __init__(self, event_id: str) -> None:
        super().__init__(
            f"no event {event_id}: expected an event's id (uuid) or its provider id (evt_…, msg_…)"
        )
        self.event_id = event_id


class NaiveInstant(LogError):
    """An instant without a time zone reached the log. Pass an aware datetime."""

    def __init__(self, name: str) -> None:
        super().__init__(f"{name}: expected an instant with a time zone (UTC), found one without")
        self.name = name
