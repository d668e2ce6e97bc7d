"""Webhooks we send: signed, retried, and never into our own network."""
