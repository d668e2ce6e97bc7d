"""Reconciliation: find and append what was missed of Stripe's events and objects and Clerk's users."""
