"""Rate limit of requests to a provider: a token bucket that all threads of a process share."""

import time
from collections.abc import Callable
from threading import Lock

Tick = Callable[[], float]
Sleep = Callable[[float], None]

RATE = 20.0


class RateLimit:
    """At most `rate` requests per second in the long run, `burst` at once; `hold` stops all threads."""

    def __init__(
        self,
        rate: float = RATE,
        *,
        burst: float | None = None,
        tick: Tick = time.monotonic,
        sleep: Sleep = time.sleep,
    ) -> None:
        self._rate = rate
        self._burst = rate if burst is None else burst
        self._tick = tick
        self._sleep = sleep
        self._lock = Lock()
        self._tokens = self._burst
        self._at = tick()

    def wait(self) -> None:
        """Returns when the caller may send one request."""
        pause_s = self._reserve()
        if pause_s > 0:
            self._sleep(pause_s)

    def hold(self, seconds: float) -> None:
        """No thread sends for that time, as the provider requested."""
        with self._lock:
            self._refill()
            self._tokens = min(self._tokens, -seconds * self._rate)

    def sleep(self, seconds: float) -> None:
        """Wait out a failure that concerns this caller alone."""
        self._sleep(seconds)

    def _reserve(self) -> float:
        """Take a token, perhaps one that is not there yet; seconds until it will be."""
        with self._lock:
            self._refill()
            self._tokens -= 1
            return max(0.0, -self._tokens / self._rate)

    def _refill(self) -> None:
        now = self._tick()
        self._tokens = min(self._burst, self._tokens + max(0.0, now - self._at) * self._rate)
        self._at = now
