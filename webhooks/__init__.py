"""Webhook endpoints of Stripe and Clerk: verify the signature, append to the log, respond."""

from webhooks.batch import DeliveryBatch
from webhooks.clerk.endpoint import clerk_endpoint
from webhooks.delivery import Delivery, Observe
from webhooks.endpoint import WebhookEndpoint
from webhooks.middleware import WebhookMiddleware
from webhooks.stripe.endpoint import stripe_endpoint

__all__ = [
    "Delivery",
    "DeliveryBatch",
    "Observe",
    "WebhookEndpoint",
    "WebhookMiddleware",
    "clerk_endpoint",
    "stripe_endpoint",
]
