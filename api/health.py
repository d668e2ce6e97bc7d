"""/healthz, /readyz, /metrics: for the operator of the service."""

from collections.abc import Callable
from datetime import timedelta

import psycopg
from flask import Blueprint, Response
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest

from api.deps import Check, Pool, deps
from api.models import Liveness, Readiness
from api.openapi import documented
from api.problems import problem
from api.responses import answer
from events.clock import Clock
from queries.lag import projection_lag
from queries.pluralize import counted

health = Blueprint("health", __name__)

POOL_TIMEOUT_S = 2.0
SILENT = "the database does not answer"


@health.get("/healthz")
@documented(tags=("health",), public=True, HTTP_200=Liveness)
def alive() -> Response:
    """The process is alive; its dependencies are not checked."""
    return answer({"status": "alive"})


@health.get("/readyz")
@documented(tags=("health",), public=True, HTTP_200=Readiness, HTTP_503=None)
def ready() -> Response:
    """All dependencies are available; else 503 with the causes."""
    problems: dict[str, str | None] = {}
    for name, check in deps().checks.items():
        # Who asks waits a second or two; a database that is silent is waited for once.
        problems[name] = SILENT if SILENT in problems.values() else _checked(check)
    causes = {name: cause for name, cause in problems.items() if cause is not None}
    if causes:
        detail = "; ".join(f"{name}: {cause}" for name, cause in causes.items())
        return problem(503, "not-ready", "Not ready", detail, causes=causes)
    return answer({"status": "ready", "checks": dict.fromkeys(problems, "ok")})


@health.get("/metrics")
def metrics() -> Response:
    """Prometheus' text format."""
    return Response(generate_latest(deps().registry), content_type=CONTENT_TYPE_LATEST)


def database_check(pool: Pool) -> Check:
    """Ready when the database answers a query."""

    def check() -> str | None:
        with pool.connection(timeout=POOL_TIMEOUT_S) as conn:
            conn.execute("SELECT 1")
        return None

    return check


def lag_check(pool: Pool, clock: Clock, *, most: timedelta) -> Check:
    """Ready while projectors make progress and no recorded event waits longer than `most`."""

    def check() -> str | None:
        with pool.connection(timeout=POOL_TIMEOUT_S) as conn:
            lag = projection_lag(conn)
        if lag.is_stalled():
            return f"{lag.stall()}; see that tenure work runs, and its log"
        if lag.oldest_recorded_at is None or clock() - lag.oldest_recorded_at <= most:
            return None
        waited_s = (clock() - lag.oldest_recorded_at) // timedelta(seconds=1)
        return (
            f"{counted(lag.events, 'event waits', 'events wait')} to be projected, the first for {waited_s} s"
        )

    return check


def _checked(check: Callable[[], str | None]) -> str | None:
    """The cause; a check that raises counts, without its message, which may contain secrets."""
    try:
        return check()
    except psycopg.OperationalError:
        return SILENT
    except Exception as error:
        return f"the check itself failed ({type(error).__name__})"
