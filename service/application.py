"""Assemble the Flask app: API, console and both webhook endpoints over one pool."""

import atexit
import os
import threading
from collections.abc import Callable, Iterable
from functools import partial
from ipaddress import ip_network
from pathlib import Path
from wsgiref.types import StartResponse, WSGIEnvironment

from flask import Flask
from prometheus_client import CollectorRegistry
from werkzeug.utils import redirect

from api.app import create_app
from api.proxies import TrustedProxies
from api.throttle import Throttle
from console import create_console
from database.pool import Pool, open_pool
from events.clock import Clock, utc_now
from events.decision_clock import DecisionClock
from handlers.delivery_counts import DeliveryCounts
from service import metrics, tracing
from service.completeness_metrics import CompletenessMetrics
from service.config_watch import watch_configuration
from service.decision_clocks import clock_check, compare_regularly, pool_clock
from service.local_secrets import session_key
from service.part_metrics import part_metrics
from service.readiness import AppendOutcomes, readiness
from service.replica import replica_of
from service.schedule import job_types
from service.signing_keys import signing_keys
from service.wiring import as_service, join_server, service_connection
from settings import Settings
from webhooks import (
    Delivery,
    DeliveryBatch,
    Observe,
    WebhookMiddleware,
    clerk_endpoint,
    stripe_endpoint,
)
from webhooks.batch import TOGETHER

POOL_SIZE = 10
COUNTS_TIMEOUT_S = 1.0


class PerProcess:
    """Builds the app now, so that a wrong setting fails at once; and again after a fork.

    A pool's threads and connections belong to the process that opened it. Servers that load the
    app before they fork (`gunicorn --preload`) would otherwise share them.
    """

    def __init__(self, build: Callable[[], Flask]) -> None:
        self._build = build
        self._lock = threading.Lock()
        self._pid = os.getpid()
        self._app = build()

    def __call__(self, environ: WSGIEnvironment, respond: StartResponse) -> Iterable[bytes]:
        if self._pid != os.getpid():
            self._build_again()
        return self._app(environ, respond)

    def _build_again(self) -> None:
        with self._lock:
            if self._pid != os.getpid():
                self._app = self._build()
                self._pid = os.getpid()


def build(settings: Settings, *, counts: Path | None = None) -> Flask:
    """The app over an open pool of this process; `counts` is where workers count together."""
    conninfo = join_server(settings)
    pool = open_pool(conninfo, application_name="tenure-web", max_size=POOL_SIZE, configure=as_service)
    # A separate pool for webhook endpoints, so that slow pages can't exhaust it; each use is one statement.
    own = open_pool(
        conninfo,
        application_name="tenure-endpoints",
        max_size=POOL_SIZE,
        configure=as_service,
        tested=False,
        autocommit=True,
    )
    watch_configuration(pool, threading.Event())
    clock = pool_clock(pool)
    compare_regularly(clock, threading.Event())
    app = build_over(pool, settings, conninfo, metrics.registry(counts), endpoint_pool=own, clock=clock)
    if tracing.begin(settings):
        tracing.trace_requests(app)
        del app.extensions[TOGETHER]  # a trace follows one delivery
    return app


def build_over(
    pool: Pool,
    settings: Settings,
    conninfo: str,
    registry: CollectorRegistry,
    *,
    endpoint_pool: Pool | None = None,
    clock: DecisionClock | None = None,
) -> Flask:
    """API, webhook endpoints and health over this pool; the endpoints over `endpoint_pool` if set."""
    clock = clock or pool_clock(pool)
    asks = (metrics.standing, part_metrics, CompletenessMetrics())
    registry.register(metrics.DatabaseMetrics(pool, utc_now, asks))
    outcomes = AppendOutcomes()
    throttle = Throttle()  # shared by API and console, so that a guesser has no separate attempts in each
    app = create_app(
        pool=pool,
        clock=utc_now,
        decision_clock=clock,
        connect=lambda: service_connection(conninfo, name="tenure-export"),
        replica=replica_of(settings),
        checks={**readiness(pool), "clock": clock_check(clock), "webhooks": outcomes.check},
        registry=registry,
        throttle=throttle,
    )
    _register_endpoints(
        app, settings, pool, registry, alone=endpoint_pool, clock=clock.corrected, noted=outcomes.observe
    )
    app.add_url_rule("/", "home", lambda: redirect("/console"))
    app.register_blueprint(
        create_console(
            pool=pool,
            clock=utc_now,
            decision_clock=clock,
            secret_key=session_key(settings),
            throttle=throttle,
            verifiers=lambda origin: [key.verifier for key in signing_keys(settings, origin)],
            job_types=lambda: job_types(settings),
        )
    )
    return app


def _register_endpoints(
    app: Flask,
    settings: Settings,
    pool: Pool,
    registry: CollectorRegistry,
    *,
    alone: Pool | None,
    clock: Clock,
    noted: Observe,
) -> None:
    """Register both webhook endpoints, over the pool `alone` if set; then they also answer in batches."""
    stripe = [secret.get_secret_value() for secret in settings.stripe_webhook_secrets]
    clerk = [secret.get_secret_value() for secret in settings.clerk_webhook_secrets]
    endpoint_pool = pool if alone is None else alone
    observe = counting(metrics.observe_endpoints(registry), pool, noted)
    opened = (
        stripe_endpoint(endpoint_pool, stripe, clock, observe=observe),
        clerk_endpoint(endpoint_pool, clerk, clock, observe=observe),
    )
    for endpoint in opened:
        app.register_blueprint(endpoint.blueprint())
    if alone is not None:
        app.extensions[TOGETHER] = DeliveryBatch(opened, alone, observe=metrics.observe_groups(registry))
    networks = [ip_network(text) for text in settings.trusted_proxies]
    behind = TrustedProxies(app.wsgi_app, networks)
    app.wsgi_app = WebhookMiddleware(opened, behind)  # type: ignore[method-assign,assignment]  # as Flask says to


def counting(observe: Observe, pool: Pool, *others: Observe) -> Observe:
    """An observer that calls `observe` and `others`, and counts each delivery for the console's pages."""
    counts = DeliveryCounts(partial(pool.connection, timeout=COUNTS_TIMEOUT_S), utc_now)
    counts.start()
    owner = os.getpid()
    atexit.register(lambda: counts.stop() if os.getpid() == owner else None)

    def both(delivery: Delivery, took_s: float) -> None:
        observe(delivery, took_s)
        for observer in others:
            observer(delivery, took_s)
        counts.note(delivery.source, delivery.outcome, delivery.event_id)

    return both
