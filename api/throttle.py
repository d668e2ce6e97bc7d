"""Slow down clients that guess tokens: each failure doubles the client's wait."""

import ipaddress
from collections import OrderedDict
from dataclasses import dataclass
from datetime import datetime, timedelta
from threading import Lock

FREE_FAILURES = 5
FIRST_WAIT = timedelta(seconds=1)
LONGEST_WAIT = timedelta(minutes=5)
FORGOTTEN_AFTER = timedelta(minutes=15)
MAX_CLIENTS = 10_000
MAX_PROVEN = 1_000


@dataclass(frozen=True, slots=True)
class _Failures:
    count: int
    last_at: datetime


class Throttle:
    """Failures by client, in this process's memory and bounded.

    Clients behind one proxy look like one client. So a recently accepted token never
    waits: another client's guesses can't lock out its holder.
    """

    def __init__(self) -> None:
        self._failures: OrderedDict[str, _Failures] = OrderedDict()
        self._proven: OrderedDict[bytes, None] = OrderedDict()
        self._lock = Lock()

    def wait_s(self, address: str, digest: bytes, *, now: datetime) -> int:
        """Seconds this client must wait before it may show that token; 0 when it may now."""
        with self._lock:
            if digest in self._proven:
                return 0
            failed = self._failures.get(client_of(address))
        if failed is None:
            return 0
        remaining_s = failed.last_at + _wait_after(failed.count) - now
        return max(0, -(-remaining_s // timedelta(seconds=1)))

    def failed(self, address: str, digest: bytes, *, now: datetime) -> None:
        """Record a token that was refused."""
        client = client_of(address)
        with self._lock:
            self._proven.pop(digest, None)
            before = self._failures.pop(client, None)
            stale = before is None or now - before.last_at > FORGOTTEN_AFTER
            count = 1 if before is None or stale else before.count + 1
            self._failures[client] = _Failures(count, now)
            _trim(self._failures, MAX_CLIENTS)

    def succeeded(self, digest: bytes) -> None:
        """Record a valid token. The client's failures stay: one valid token must not allow more guesses."""
        with self._lock:
            self._proven[digest] = None
            self._proven.move_to_end(digest)
            _trim(self._proven, MAX_PROVEN)


def client_of(address: str) -> str:
    """The address; for IPv6 its /64, since one client has all of it."""
    try:
        ip = ipaddress.ip_address(address)
    except ValueError:
        return address
    if ip.version == 6:
        return str(ipaddress.ip_network(f"{ip}/64", strict=False))
    return str(ip)


def _wait_after(failures: int) -> timedelta:
    if failures < FREE_FAILURES:
        return timedelta(0)
    doublings: int = min(failures - FREE_FAILURES, 16)
    return min(LONGEST_WAIT, FIRST_WAIT * (1 << doublings))


def _trim(failures: OrderedDict[str, _Failures] | OrderedDict[bytes, None], most: int) -> None:
    while len(failures) > most:
        failures.popitem(last=False)
