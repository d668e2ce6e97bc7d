"""A light HTTP client for benchmarks: raw keep-alive sockets, one thread, requests prepared in advance."""

import hmac
import selectors
import socket
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path

import psutil

from demo.bulk import bulk_events

SECRET = "whsec_bench_0123456789abcdef0123456789abcdef"
PATIENCE_S = 30.0


@dataclass
class LoadResult:
    """Outcomes of the answered requests, their seconds, and the acked provider ids if kept."""

    seconds: float = 0.0
    took_s: list[float] = field(default_factory=list)
    statuses: dict[str, int] = field(default_factory=dict)
    broken: int = 0

    @property
    def acked(self) -> int:
        return self.statuses.get("200", 0)

    @property
    def rate(self) -> float:
        return self.acked / self.seconds

    def percentile(self, share: float) -> float:
        """Milliseconds."""
        ordered = sorted(self.took_s)
        return ordered[min(len(ordered) - 1, int(len(ordered) * share))] * 1000 if ordered else 0.0


def requests(path: str, *, seed: int, many: int = 10_000_000) -> Iterator[bytes]:
    """Signed Stripe webhooks of about 3 KB, each event once, as whole HTTP requests."""
    for chunk in count():
        for event in bulk_events(min(many, 100_000), seed=seed * 1000 + chunk):
            yield signed_request(path, event.body)


def signed_request(path: str, body: bytes) -> bytes:
    """A Stripe webhook with that body, signed now, as a whole HTTP request."""
    now = b"%d" % time.time()
    digest = hmac.digest(SECRET.encode(), now + b"." + body, "sha256").hex().encode()
    return (
        b"POST %s HTTP/1.1\r\nHost: bench\r\nUser-Agent: Stripe/1.0 (+https://stripe.com/docs/webhooks)\r\n"
        b"Accept: */*; q=0.5, application/xml\r\nCache-Control: no-cache\r\n"
        b"Content-Type: application/json; charset=utf-8\r\nStripe-Signature: t=%s,v1=%s\r\n"
        b"Content-Length: %d\r\n\r\n" % (path.encode(), now, digest, len(body))
    ) + body


@dataclass
class _Line:
    sock: socket.socket
    began: float = 0.0
    received: bytes = b""


def knock(
    port: int,
    work: Iterator[bytes],
    *,
    connections: int,
    seconds: float,
    rate: float | None = None,
    each_second: Callable[[LoadResult], None] | None = None,
) -> LoadResult:
    """Send `work` over that many connections, each waiting for its response; at most `rate` per second.

    The run ends early when `work` does.
    """
    tally, chosen = LoadResult(), selectors.DefaultSelector()
    idle = [_dial(port, chosen) for _ in range(connections)]
    started = time.perf_counter()
    until, second, sent, busy = started + seconds, started + 1, 0, 0
    while True:
        now = time.perf_counter()
        due = len(idle) if rate is None else min(len(idle), int((now - started) * rate) - sent)
        for _ in range(due if now < until else 0):
            if (request := next(work, None)) is None:
                until = now
                break
            _send(idle.pop(), request, tally)
            sent, busy = sent + 1, busy + 1
        if (now >= until and busy == 0) or now > until + PATIENCE_S:
            break
        if each_second is not None and now >= second:
            each_second(tally)
            second += 1
        for key, _ in chosen.select(0.001 if rate else 0.05):
            line: _Line = key.data
            if _answered(line, tally):
                idle.append(line)
                busy -= 1
    tally.seconds = time.perf_counter() - started
    for line in idle:
        line.sock.close()
    chosen.close()
    return tally


def _dial(port: int, chosen: selectors.BaseSelector) -> _Line:
    sock = socket.create_connection(("127.0.0.1", port), timeout=PATIENCE_S)
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    line = _Line(sock)
    chosen.register(sock, selectors.EVENT_READ, line)
    return line


def _send(line: _Line, request: bytes, tally: LoadResult) -> None:
    line.began, line.received = time.perf_counter(), b""
    line.sock.sendall(request)


def _answered(line: _Line, tally: LoadResult) -> bool:
    """Whether the whole response is received; a closed connection is an error of the run."""
    more = line.sock.recv(65536)
    if not more:
        raise ConnectionError(f"the server closed the connection after {line.received[:100]!r}")
    line.received += more
    head, gap, body = line.received.partition(b"\r\n\r\n")
    if not gap or len(body) < _length(head):
        return False
    tally.took_s.append(time.perf_counter() - line.began)
    status = head[9:12].decode()
    tally.statuses[status] = tally.statuses.get(status, 0) + 1
    return True


def _length(head: bytes) -> int:
    at = head.lower().find(b"content-length:")
    return int(head[at + 15 :].split(b"\r\n", 1)[0])


def workers(server: psutil.Process) -> list[psutil.Process]:
    """The web workers of a running `tenure serve`."""
    return [process for process in server.children(recursive=True) if process.name() != "postgres"]


def rss_mb(processes: list[psutil.Process]) -> float:
    """Resident megabytes of all of them."""
    return float(sum(process.memory_info().rss for process in processes)) / 1e6


def free_port() -> int:
    """A free port."""
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        return int(sock.getsockname()[1])


def answering(port: int, path: Path | None = None) -> None:
    """Wait until a server listens there."""
    until = time.monotonic() + PATIENCE_S
    while time.monotonic() < until:
        try:
            with socket.create_connection(("127.0.0.1", port), timeout=1) as sock:
                sock.sendall(b"GET /healthz HTTP/1.1\r\nHost: bench\r\nConnection: close\r\n\r\n")
                if sock.recv(100).startswith(b"HTTP/1.1 "):
                    return
        except OSError:
            pass
        time.sleep(0.05)
    raise ConnectionError(f"no answer on port {port}: {path.read_text()[-2000:] if path else ''}")
