"""Benchmarks: what the service exists for, beside a raw-Postgres limit measured in the same run."""
