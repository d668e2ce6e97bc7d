"""Decisions: commands and scheduled work; (state, command, now) in, events out."""
