"""The replica that answers auditors: its pool, its connections, and what the doctor asks it."""

from collections.abc import Iterator
from contextlib import closing, contextmanager

from psycopg import IsolationLevel

from api.deps import Replica
from database.pool import Connection, connect, open_pool
from service.wiring import as_service
from settings import Settings

POOL_SIZE = 10
CHECKOUT_TIMEOUT_S = 3.0  # an auditor who waits longer than this would rather hear that it is away


def replica_of(settings: Settings) -> Replica | None:
    """None when none is set. The pool connects behind the scenes: a replica may be away, and come back."""
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
    """The service's rights, nothing written, and one snapshot a transaction: an answer and its head agree."""
    as_service(conn)
    conn.isolation_level = IsolationLevel.REPEATABLE_READ
    conn.read_only = True
