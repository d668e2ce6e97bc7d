"""Errors of the demo."""


class DemoError(Exception):
    """Base of this package's errors; the message is one line and names the next step."""


class DeliveryRefused(DemoError):
    """The service refuses a delivery or does not answer. Start it, or use its signing secrets."""
