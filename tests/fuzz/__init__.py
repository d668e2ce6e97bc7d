"""Signed bodies, mutated from sample events with hostile values, sent to the service in this process."""
