"""POST /webhooks/clerk."""

from collections.abc import Iterable

from events.clock import Clock
from webhooks.clerk.envelope import SOURCE, clerk_event
from webhooks.clerk.signature import clerk_secrets, clerk_verifier
from webhooks.delivery import Observe
from webhooks.endpoint import Provider, WebhookEndpoint
from webhooks.store import Pool


def clerk_endpoint(
    pool: Pool, secrets: Iterable[str], clock: Clock, *, observe: Observe | None = None
) -> WebhookEndpoint:
    """Clerk's endpoint; `secrets` newest first. Without one it answers 503 and accepts nothing.

    Raises: UnusableSecret.
    """
    usable = clerk_secrets(secrets)
    verify = clerk_verifier(usable) if usable else None
    return WebhookEndpoint(
        Provider(source=SOURCE, verify=verify, read=clerk_event), pool, clock, observe=observe
    )
