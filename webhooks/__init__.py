"""Stripe and Clerk knock here: verify the signature, append to the log, answer."""

from webhooks.batch import Together
from webhooks.clerk.endpoint import clerk_door
from webhooks.delivery import Delivery, Observe
from webhooks.endpoint import Door
from webhooks.middleware import Lane
from webhooks.stripe.endpoint import stripe_door

__all__ = ["Delivery", "Door", "Lane", "Observe", "Together", "clerk_door", "stripe_door"]
