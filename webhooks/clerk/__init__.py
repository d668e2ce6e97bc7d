"""Clerk: its signature (Svix), events and endpoint."""
