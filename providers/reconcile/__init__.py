"""Knowing what was missed, and healing it: Stripe's events and objects, Clerk's users."""
