"""Stripe and Clerk knock here: verify the signature, append to the log, answer."""

from webhooks.clerk.door import create_clerk_door
from webhooks.delivery import Delivery, Observe
from webhooks.stripe.door import create_stripe_door

__all__ = ["Delivery", "Observe", "create_clerk_door", "create_stripe_door"]
