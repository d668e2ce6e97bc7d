"""Benchmarks of the service's main operations, beside a raw-Postgres limit measured in the same run."""

from events import livemode

livemode.bind(live_only=False)
