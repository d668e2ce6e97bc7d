"""What stops the demo."""


class DemoError(Exception):
    """Base of what this package refuses; the message is one line and names the next step."""


class DeliveryRefused(DemoError):
    """The service refuses a delivery or does not answer. Start it, or use its signing secrets."""
