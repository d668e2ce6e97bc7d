"""Stripe's and Clerk's APIs from the settings, and a connection to reconcile over."""

from collections.abc import Iterator
from contextlib import closing, contextmanager

from database.pool import Connection, connect
from events.clock import Clock
from providers.reconcile.clerk_api import ClerkApi
from providers.reconcile.rate_limit import RATE, RateLimit
from providers.reconcile.stripe_api import StripeApi
from service.errors import NotConfigured
from service.wiring import as_service, server
from settings import Settings


def stripe_api(
    settings: Settings, *, clock: Clock, account: str | None = None, rate: float = RATE
) -> StripeApi:
    """The provider's API. Raises: NotConfigured if there is no key."""
    if settings.stripe_api_key is None:
        raise NotConfigured("STRIPE_API_KEY is not set; a restricted read-only key is enough")
    return StripeApi(
        settings.stripe_api_key.get_secret_value(),
        base=settings.stripe_api_base,
        clock=clock,
        account=account,
        pace=RateLimit(rate),
    )


def clerk_api(settings: Settings, *, clock: Clock) -> ClerkApi:
    """The provider's API. Raises: NotConfigured if there is no key."""
    if settings.clerk_secret_key is None:
        raise NotConfigured("CLERK_SECRET_KEY is not set; without it missed users can't be found")
    return ClerkApi(settings.clerk_secret_key.get_secret_value(), base=settings.clerk_api_base, clock=clock)


@contextmanager
def working_connection(settings: Settings) -> Iterator[Connection]:
    """A connection with the service's rights, in autocommit: each page is a separate transaction."""
    with (
        server(settings, locks=True) as conninfo,
        closing(connect(conninfo, application_name="tenure-reconcile", autocommit=True)) as conn,
    ):
        as_service(conn)
        yield conn
