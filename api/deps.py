"""Dependencies that the views receive: they read no settings."""

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from threading import BoundedSemaphore
from typing import Any, cast

from flask import current_app
from prometheus_client import CollectorRegistry
from psycopg import Connection
from psycopg_pool import ConnectionPool

from api.throttle import Throttle
from events.clock import Clock
from handlers.usage import UsageCounter

Pool = ConnectionPool[Connection[Any]]  # Any: views do not care which row factory the pool uses
Check = Callable[[], str | None]
Connect = Callable[[], AbstractContextManager[Connection[Any]]]  # Any: as above

_KEY = "tenure.api"


@dataclass(frozen=True, kw_only=True)
class Replica:
    """A streaming replica: a pool, and separate connections. Each is read-only and reads one
    snapshot per transaction (REPEATABLE READ)."""

    pool: Pool
    connect: Connect


@dataclass(frozen=True, kw_only=True)
class ApiDeps:
    """`checks`: name to a callable that returns the cause why the service is not ready, or None.

    `decision_clock` raises ClocksDiffer while this host must not decide.
    `replica` answers auditors where there is one.
    """

    pool: Pool
    clock: Clock
    decision_clock: Clock
    connect: Connect
    replica: Replica | None
    checks: Mapping[str, Check]
    registry: CollectorRegistry
    throttle: Throttle
    exports: BoundedSemaphore
    usage: UsageCounter


def keep(deps: ApiDeps, extensions: dict[str, Any]) -> None:
    """Store `deps` for the views of the app with these `extensions`."""
    extensions[_KEY] = deps


def deps() -> ApiDeps:
    """The dependencies of the app that serves this request."""
    return cast("ApiDeps", current_app.extensions[_KEY])
