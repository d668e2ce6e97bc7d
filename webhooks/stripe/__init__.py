"""Stripe: its signature, events and endpoint."""
