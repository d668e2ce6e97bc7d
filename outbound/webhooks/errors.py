"""What can go wrong with webhooks we send."""


class OutgoingError(Exception):
    """Base of what goes wrong with webhooks we send."""


class BadDestination(OutgoingError):
    """The endpoint can't be subscribed as it is. The message says what is expected."""


class DestinationUnknown(OutgoingError):
    """No endpoint has that id. `tenure outgoing list` shows them."""

    def __init__(self, endpoint_id: object) -> None:
        super().__init__(f"no endpoint {endpoint_id}; tenure outgoing list shows them")
        self.endpoint_id = endpoint_id


class AddressRefused(OutgoingError):
    """The name leads into a private network: nothing was sent."""

    def __init__(self, host: str, found: str) -> None:
        super().__init__(f"{host}: expected a public address, found {found}; nothing was sent")
        self.host = host


class WebhookNotDelivered(OutgoingError):
    """The endpoint did not take it. It is tried again, until no try is left."""
