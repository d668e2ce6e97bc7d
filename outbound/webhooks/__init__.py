"""Outgoing webhooks: signed, retried, and never sent into a private network."""
