"""The replica for auditors' reads: its pool and connections."""

from collections.abc import Iterator
from contextlib import closing, contextmanager

from psycopg import IsolationLevel

from api.deps import Replica
from database.pool import Connection, connect, open_pool
from service.wiring import as_service
from settings import Settings

POOL_SIZE = 10
CHECKOUT_TIMEOUT_S = 3.0  # then an auditor gets the 503 of a replica that is down


def replica_of(settings: Settings) -> Replica | None:
    """The replica, or None if not set. The pool connects in the background: the replica may be down."""
    if settings.database_replica_url is None:
        return None
    conninfo = settings.database_replica_url.get_secret_value()
    pool = open_pool(
        conninfo,
        application_name="tenure-replica",
        min_size=0,
        max_size=POOL_SIZE,
        checkout_timeout_s=CHECKOUT_TIMEOUT_S,
        configure=as_reader,
    )

    @contextmanager
    def own() -> Iterator[Connection]:
        opened = connect(conninfo, application_name="tenure-export")
        with closing(opened) as conn:
            as_reader(conn)
            yield conn

    return Replica(pool=pool, connect=own)


def as_reader(conn: Connection) -> None:
    """Read-only, with the service's rights and one snapshot per transaction."""
    as_service(conn)
    conn.isolation_level = IsolationLevel.REPEATABLE_READ
    conn.read_only = True
