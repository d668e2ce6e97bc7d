"""A provider's API over real HTTP, in threads of this process: routes, faults, a log of requests."""

import json
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from email.utils import format_datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from random import Random
from threading import Lock, Thread
from typing import Any
from urllib.parse import parse_qs, urlsplit

from tests.doubles.faults import Faults, no_faults

Json = dict[str, Any]  # Any: JSON values


@dataclass(frozen=True)
class Asked:
    """One request as it came."""

    path: str
    query: dict[str, str]
    headers: Mapping[str, str]


@dataclass(frozen=True)
class Replied:
    status: int
    body: object


@dataclass
class Double:
    """`answer` is the provider; `requests` is what it was asked, in order."""

    answer: Callable[[Asked], Replied]
    now: Callable[[], datetime]
    faults: Faults = no_faults
    requests: list[Asked] = field(default_factory=list)
    url: str = ""
    _lock: Lock = field(default_factory=Lock)

    def paths(self) -> list[str]:
        return [request.path for request in self.requests]

    def number(self, request: Asked) -> int:
        with self._lock:
            self.requests.append(request)
            return len(self.requests)


@contextmanager
def serving(double: Double) -> Iterator[Double]:
    """The double at `double.url` for the length of the block."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(double))
    server.daemon_threads = True
    double.url = f"http://127.0.0.1:{server.server_port}"
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield double
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def _handler(double: Double) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True

        def do_GET(self) -> None:
            url = urlsplit(self.path)
            query = {name: values[-1] for name, values in parse_qs(url.query).items()}
            request = Asked(url.path, query, dict(self.headers.items()))
            number = double.number(request)
            fault = double.faults(number, request.path)
            if fault is not None and fault.delay_s:
                time.sleep(fault.delay_s)
            if fault is not None and fault.status is not None:
                self._send(fault.status, _error("the double was told to"), dict(fault.headers))
                return
            replied = double.answer(request)
            body = replied.body
            if fault is not None and fault.reorder and isinstance(body, dict) and "data" in body:
                body = {**body, "data": Random(number).sample(body["data"], len(body["data"]))}
            self._send(replied.status, body, {}, half=fault is not None and fault.hang_up)

        def _send(self, status: int, body: object, headers: dict[str, str], *, half: bool = False) -> None:
            raw = body if isinstance(body, bytes) else json.dumps(body, indent=2).encode()
            self.send_response_only(status)
            self.send_header("Date", format_datetime(double.now(), usegmt=True))
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(raw)))
            for name, value in headers.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(raw[: len(raw) // 2] if half else raw)
            if half:
                self.close_connection = True

        def log_message(self, *_: object) -> None:
            pass

    return Handler


def _error(message: str) -> Json:
    return {"error": {"type": "api_error", "message": message}}
