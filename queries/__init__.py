"""Queries over the tables and the log: profile, entitlements, lists, dashboard, history."""
