"""POST /webhooks/stripe."""

from collections.abc import Iterable

from events.clock import Clock
from webhooks.delivery import Observe
from webhooks.endpoint import Provider, WebhookEndpoint
from webhooks.store import Pool
from webhooks.stripe.envelope import SOURCE, stripe_event
from webhooks.stripe.signature import stripe_secrets, stripe_verifier


def stripe_endpoint(
    pool: Pool, secrets: Iterable[str], clock: Clock, *, observe: Observe | None = None
) -> WebhookEndpoint:
    """Stripe's endpoint; `secrets` newest first. Without one it answers 503 and accepts nothing.

    Raises: UnusableSecret.
    """
    usable = stripe_secrets(secrets)
    verify = stripe_verifier(usable) if usable else None
    return WebhookEndpoint(
        Provider(source=SOURCE, verify=verify, read=stripe_event), pool, clock, observe=observe
    )
