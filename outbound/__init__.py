"""Outbound messages: mail and outgoing webhooks."""
