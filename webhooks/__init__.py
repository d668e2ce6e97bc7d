"""Stripe and Clerk knock here: verify the signature, append to the log, answer."""

from webhooks.clerk.door import clerk_door
from webhooks.delivery import Delivery, Observe
from webhooks.door import Door
from webhooks.lane import Lane
from webhooks.stripe.door import stripe_door
from webhooks.together import Together

__all__ = ["Delivery", "Door", "Lane", "Observe", "Together", "clerk_door", "stripe_door"]
