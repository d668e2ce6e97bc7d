"""Stripe and Clerk knock here: verify the signature, append to the log, answer."""

from webhooks.batch import DeliveryBatch
from webhooks.clerk.endpoint import clerk_door
from webhooks.delivery import Delivery, Observe
from webhooks.endpoint import WebhookEndpoint
from webhooks.middleware import WebhookMiddleware
from webhooks.stripe.endpoint import stripe_door

__all__ = [
    "Delivery",
    "DeliveryBatch",
    "Observe",
    "WebhookEndpoint",
    "WebhookMiddleware",
    "clerk_door",
    "stripe_door",
]
