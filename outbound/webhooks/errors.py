"""Errors of outgoing webhooks."""


class OutgoingError(Exception):
    """Base of the errors of outgoing webhooks."""


class BadDestination(OutgoingError):
    """The destination's URL or event types are invalid. The message says what is expected."""


class DestinationUnknown(OutgoingError):
    """No destination has that id. `tenure outgoing list` shows them."""

    def __init__(self, destination_id: object) -> None:
        super().__init__(f"no destination {destination_id}; tenure outgoing list shows them")
        self.destination_id = destination_id


class AddressRefused(OutgoingError):
    """The host name resolves into a private network: nothing was sent."""

    def __init__(self, host: str, address: str) -> None:
        super().__init__(f"{host}: expected a public address, found {address}; nothing was sent")
        self.host = host


class WebhookNotDelivered(OutgoingError):
    """The destination did not accept the delivery. It is retried until no attempt is left."""
