"""Clerk: its signature (Svix), its events, its door."""
