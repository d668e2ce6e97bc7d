"""Stripe: its signature, its events, its door."""
