"""A provider under which things break: sends signed events, and each again until it was acked."""

import http.client
import json
import threading
import time
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime

from demo.bulk import BulkEvent, bulk_events
from demo.signing import sign_stripe
from tests.faults.service import STRIPE_SECRET

TIMEOUT_S = 15.0  # Stripe and Clerk hang up after ten to twenty seconds
AGAIN_S = 0.05


class Provider:
    """Sends from `senders` threads until told to stop. `acked` are the ids somebody answered 2xx for."""

    def __init__(self, port: int, *, seed: int, senders: int = 6, most: int = 60_000) -> None:
        self.port = port
        self.seed = seed
        self.acked: set[str] = set()
        self.answers: Counter[str] = Counter()
        self._events: Iterator[BulkEvent] = iter(bulk_events(most, seed=seed))
        self._lock = threading.Lock()
        self._stop = threading.Event()
        self._threads = [threading.Thread(target=self._send_all, daemon=True) for _ in range(senders)]

    def start(self) -> None:
        for thread in self._threads:
            thread.start()

    def until(self, acked: int, *, within_s: float = 60.0) -> None:
        """Wait until so many more were acked: the service works."""
        target, until = len(self.acked) + acked, time.monotonic() + within_s
        while len(self.acked) < target:
            assert time.monotonic() < until, (
                f"acked {len(self.acked)} of {target}; answers {dict(self.answers)}"
            )
            time.sleep(0.02)

    def stop(self) -> None:
        """Every event that was begun has been acked when this returns, unless the service never answers."""
        self._stop.set()
        for thread in self._threads:
            thread.join(TIMEOUT_S * 3)
        assert not any(thread.is_alive() for thread in self._threads), dict(self.answers)

    def _send_all(self) -> None:
        line: http.client.HTTPConnection | None = None
        while not self._stop.is_set():
            with self._lock:
                event = next(self._events)
            for _ in range(2000):
                if line is None:
                    line = http.client.HTTPConnection("127.0.0.1", self.port, timeout=TIMEOUT_S)
                try:
                    outcome = self._send(line, event)
                except (OSError, http.client.HTTPException) as error:
                    outcome = type(error).__name__
                    line.close()
                    line = None
                with self._lock:
                    self.answers[outcome] += 1
                    if outcome in ("appended", "duplicate"):
                        self.acked.add(event.id)
                if outcome in ("appended", "duplicate"):
                    break
                time.sleep(AGAIN_S)

    def _send(self, line: http.client.HTTPConnection, event: BulkEvent) -> str:
        headers = sign_stripe(event.body, secret=STRIPE_SECRET, at=datetime.now(UTC))
        line.request("POST", "/webhooks/stripe", event.body, {**headers, "Content-Type": "application/json"})
        answer = line.getresponse()
        payload = json.loads(answer.read())
        return str(payload["status"]) if answer.status == 200 else str(answer.status)
