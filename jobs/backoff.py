"""How long a failed job waits: twice as long each time, and never all jobs together."""

from collections.abc import Callable
from datetime import timedelta

BASE_S = 5.0
CAP_S = 3600.0

Chance = Callable[[], float]


def delay(retry: int, *, chance: Chance) -> timedelta:
    """The wait before the so-manieth retry (1 is the first); `chance` gives 0 ≤ x < 1.

    Full jitter: anywhere between nothing and the bound, so that jobs that failed together do not
    come back together. Source: https://aws.amazon.com/builders-library/timeouts-retries-and-backoff-with-jitter/
    """
    bound = min(CAP_S, BASE_S * 2.0 ** min(retry - 1, 30))
    return timedelta(seconds=bound * chance())
