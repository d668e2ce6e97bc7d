"""Errors of a provider's API and of reconciliation."""


class ReconcileError(Exception):
    """Base of the errors that end a reconciliation early; committed pages stay."""


class ProviderRefused(ReconcileError):
    """The provider refused the request. Use a key that may read the path."""

    def __init__(self, provider: str, path: str, status: int, message: str) -> None:
        super().__init__(
            f"{provider} answered {status} to GET {path}: {message}; "
            "check the API key and that it may read this"
        )
        self.provider = provider
        self.path = path
        self.status = status


class NotThere(ReconcileError):
    """The provider has no such object, or no longer."""

    def __init__(self, provider: str, path: str) -> None:
        super().__init__(f"{provider} has nothing at {path}")
        self.path = path


class ProviderAway(ReconcileError):
    """The provider gave no usable response after all retries. Run it again later."""

    def __init__(self, provider: str, path: str, tries: int, last: str) -> None:
        super().__init__(
            f"{provider} did not answer GET {path} in {tries} tries (last: {last}); "
            "what was appended stays, and the next run continues there"
        )
        self.provider = provider
        self.path = path
        self.tries = tries


class UnusableBody(ReconcileError):
    """A value of the object can't be stored, such as a number out of range. Correct it at the provider."""

    def __init__(self, provider: str, object_id: str, problem: str) -> None:
        super().__init__(
            f"{provider}'s object {object_id} can't be stored: {problem}; correct it at the provider"
        )
        self.object_id = object_id


class AnotherAccount(ReconcileError):
    """The key is of another account than the log. Nothing was read; set the right key."""


class AlreadyRunning(ReconcileError):
    """Another process reconciles the same account now. Wait for it."""

    def __init__(self, scope: str) -> None:
        super().__init__(f"expected no other process to reconcile {scope}, found one")
        self.scope = scope
