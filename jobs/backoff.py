"""Backoff of failed jobs: exponential, with jitter."""

from collections.abc import Callable
from datetime import timedelta

BASE_S = 5.0
CAP_S = 3600.0

Chance = Callable[[], float]


def delay(retry: int, *, chance: Chance) -> timedelta:
    """The wait before retry number `retry` (1 is the first); `chance` returns 0 ≤ x < 1.

    Full jitter: any delay between 0 and the bound, so that jobs that failed together do not
    retry together. Source: https://aws.amazon.com/builders-library/timeouts-retries-and-backoff-with-jitter/
    """
    bound = min(CAP_S, BASE_S * 2.0 ** min(retry - 1, 30))
    return timedelta(seconds=bound * chance())
