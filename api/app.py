"""The API's Flask app; wsgi adds the webhook endpoints and the console to it."""

from collections.abc import Mapping
from threading import BoundedSemaphore

from flask import Flask
from prometheus_client import CollectorRegistry

from api.campaigns import campaigns
from api.customers import customers
from api.dashboard import dashboard
from api.deps import ApiDeps, Check, Connect, Pool, Replica, keep
from api.docs import docs
from api.entitlements import entitlements
from api.events import events
from api.export import export
from api.headers import register_headers
from api.health import database_check, health
from api.lists import lists
from api.metrics import register_metrics
from api.operator_actions import operator
from api.plans import plans
from api.problems import register_problems
from api.request_id import register_request_id
from api.request_limits import register_limits
from api.routing import KeyConverter
from api.scraping_jobs import jobs
from api.seals import seals
from api.stream import stream
from api.throttle import Throttle
from api.usage import usage
from api.users import users
from events.clock import Clock
from handlers.usage import UsageCounter

MAX_EXPORTS = 2


def create_app(
    *,
    pool: Pool,
    clock: Clock,
    decision_clock: Clock | None = None,
    connect: Connect,
    replica: Replica | None = None,
    checks: Mapping[str, Check] | None = None,
    registry: CollectorRegistry | None = None,
    throttle: Throttle | None = None,
    most_exports: int = MAX_EXPORTS,
) -> Flask:
    """An app with every route of the API.

    `connect` opens a separate connection with the service's rights, for exports.
    `replica` answers auditors in the primary's place. /readyz runs `checks` in addition to the database
    check; `registry` is what /metrics shows, and belongs to this app alone.
    """
    app = Flask("tenure", static_folder=None)
    app.url_map.converters["key"] = KeyConverter
    new_deps = ApiDeps(
        pool=pool,
        clock=clock,
        decision_clock=decision_clock or clock,
        connect=connect,
        replica=replica,
        checks={"database": database_check(pool), **(checks or {})},
        registry=CollectorRegistry() if registry is None else registry,
        throttle=Throttle() if throttle is None else throttle,
        exports=BoundedSemaphore(most_exports),
        usage=UsageCounter(pool.connection),
    )
    keep(new_deps, app.extensions)
    register_problems(app)
    register_request_id(app)
    register_limits(app)
    register_headers(app)
    register_metrics(app, new_deps.registry)
    for room in _ROOMS:
        app.register_blueprint(room)
    return app


_BILLING = (users, usage, entitlements, operator, customers, plans)
_LOG = (events, export, stream, seals)
_PLATFORM = (campaigns, jobs, lists, dashboard)
_ROOMS = (*_BILLING, *_LOG, *_PLATFORM, health, docs)
