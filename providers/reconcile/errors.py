"""What can go wrong between us and a provider's API."""


class ReconcileError(Exception):
    """Base of what keeps a reconciliation from its end; what was caught up so far is kept."""


class ProviderRefused(ReconcileError):
    """The provider will not answer this key. Make one that may read what is named."""

    def __init__(self, provider: str, path: str, status: int, said: str) -> None:
        super().__init__(
            f"{provider} answered {status} to GET {path}: {said}; check the API key and that it may read this"
        )
        self.provider = provider
        self.path = path
        self.status = status


class NotThere(ReconcileError):
    """The provider knows no such object (any more)."""

    def __init__(self, provider: str, path: str) -> None:
        super().__init__(f"{provider} has nothing at {path}")
        self.path = path


class ProviderAway(ReconcileError):
    """The provider did not answer usably, however often it was asked. Run it again later."""

    def __init__(self, provider: str, path: str, tries: int, last: str) -> None:
        super().__init__(
            f"{provider} did not answer GET {path} in {tries} tries (last: {last}); "
            "what was caught up is kept, the next run goes on there"
        )
        self.provider = provider
        self.path = path
        self.tries = tries


class AnotherAccount(ReconcileError):
    """The key is of another account than the log. Nothing was read; set the right key."""


class AlreadyRunning(ReconcileError):
    """Another process reconciles the same account now. Wait for it."""

    def __init__(self, scope: str) -> None:
        super().__init__(f"expected nobody else to reconcile {scope}, found another process doing it")
        self.scope = scope
