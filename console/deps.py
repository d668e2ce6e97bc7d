"""Dependencies that the pages receive: they read no settings."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol, cast

from flask import current_app
from psycopg import Connection
from psycopg_pool import ConnectionPool

from console.alarms import Alarms
from events.clock import Clock
from events.seals.keys import VerifierKey
from events.statements import AnyConnection
from jobs import Registry
from queries.seals import origin_of

Pool = ConnectionPool[Connection[Any]]  # Any: pages do not care which row factory the pool uses

Verifiers = Callable[[str], Sequence[VerifierKey]]

_KEY = "tenure.console"


class SignInThrottle(Protocol):
    """Slows clients that guess tokens."""

    def wait_s(self, address: str, digest: bytes, *, now: datetime) -> int: ...

    def failed(self, address: str, digest: bytes, *, now: datetime) -> None: ...

    def succeeded(self, digest: bytes) -> None: ...


@dataclass(frozen=True, kw_only=True)
class ConsoleDeps:
    """`decision_clock` raises ClocksDiffer while this host must not decide.
    `verifiers` maps the log's name to the trusted public keys. `job_types` are
    those of the workers: cancelling a job may append an event.
    """

    pool: Pool
    clock: Clock
    decision_clock: Clock
    throttle: SignInThrottle
    verifiers: Verifiers
    job_types: Callable[[], Registry]
    alarms: Alarms = field(default_factory=Alarms)


def keep(deps: ConsoleDeps, extensions: dict[str, Any]) -> None:
    """Store `deps` for the pages of the app with these `extensions`."""
    extensions[_KEY] = deps


def deps() -> ConsoleDeps:
    """The dependencies of the app that serves this request."""
    return cast("ConsoleDeps", current_app.extensions[_KEY])


def now() -> datetime:
    """The present instant of this app's clock."""
    return deps().clock()


def decision_now() -> datetime:
    """The present instant for a decision. Raises: ClocksDiffer."""
    return deps().decision_clock()


def trusted_keys(conn: AnyConnection) -> Sequence[VerifierKey]:
    """The public keys of this log; none before its first seal, which names it."""
    origin = origin_of(conn)
    return [] if origin is None else deps().verifiers(origin)
