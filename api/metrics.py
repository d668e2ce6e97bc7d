"""Requests by route and status, with their durations: a histogram and a log line per request."""

from time import perf_counter

import structlog
from flask import Flask, Response, g, request
from prometheus_client import CollectorRegistry, Histogram

from api.request_limits import PREFIX

BUCKETS_S = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
UNROUTED = "(none)"  # a path as a label would let a client create millions of series

_log = structlog.get_logger("tenure.api")


def register_metrics(app: Flask, registry: CollectorRegistry) -> None:
    """Observe every request of `app`; never its query string, which may contain an e-mail address."""
    seconds = Histogram(
        "tenure_http_request_seconds",
        "Time to answer, until the first byte of a stream.",
        ("method", "route", "status"),
        registry=registry,
        buckets=BUCKETS_S,
    )

    @app.before_request
    def begin() -> None:
        g.began = perf_counter()

    @app.after_request
    def observe(response: Response) -> Response:
        took = perf_counter() - g.get("began", perf_counter())
        route = request.url_rule.rule if request.url_rule else UNROUTED
        method = request.method if request.method in _METHODS else "OTHER"
        seconds.labels(method, route, str(response.status_code)).observe(took)
        if request.path.startswith(PREFIX):
            caller = g.get("caller")
            _log.info(
                "request",
                method=method,
                route=route,
                status=response.status_code,
                ms=round(took * 1000),
                caller=caller.name if caller else None,
            )
        return response


_METHODS = frozenset(("GET", "HEAD", "OPTIONS", "POST", "PUT", "PATCH", "DELETE"))
