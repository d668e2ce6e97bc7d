"""A simulated provider world: a little Stripe and a little Clerk for demos, tests and benchmarks.

Deterministic by seed; time is injected; imports nothing else of the project.
"""
