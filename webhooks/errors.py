"""Errors of the webhook endpoints."""


class WebhookError(Exception):
    """Base of the reasons why an endpoint refuses a delivery."""


class UnusableSecret(WebhookError):
    """A configured secret can't sign. Copy it again from the provider's dashboard."""

    def __init__(self, source: str, index: int, problem: str) -> None:
        super().__init__(
            f"{source} signing secret number {index + 1}: expected the whole whsec_… string, "
            f"found {problem}; copy it again from the provider's dashboard"
        )
        self.source = source
        self.index = index


class WebhookRefused(WebhookError):
    """The signature does not verify. `reason` is for metrics and logs, never for the response."""

    def __init__(self, reason: str) -> None:
        super().__init__(f"expected a delivery signed by the provider, found {reason}")
        self.reason = reason


class BodyTooLarge(WebhookError):
    """The body is longer than any provider sends. Nothing was stored."""


class EndpointClosed(WebhookError):
    """No secret is configured, so nothing can be verified. Set the provider's webhook secrets."""


class DatabaseAway(WebhookError):
    """The delivery is verified but can't be stored now. The provider sends it again."""

    def __init__(self, cause: str) -> None:
        super().__init__(
            f"expected a database that stores the delivery, found {cause}; it will be sent again"
        )
        self.cause = cause
