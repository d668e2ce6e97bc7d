"""Stripe's and Clerk's APIs: clients, reconciliation, import."""
