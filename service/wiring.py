"""Open databases and connections from the settings, with the service's or the owner's rights."""

from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager

import psycopg
import structlog
from psycopg.conninfo import make_conninfo

from database import embedded, pooler, restore_marker
from database.errors import NoDatabase
from database.pool import PREPARE_AFTER, Connection, connect, place, session_conninfo
from events import livemode
from events.statements import statement
from queries.rows import fetch_one
from service import logging_setup
from service.errors import SchemaMissing
from service.escapes import notice
from settings import Settings, load

COMMAND_TIMEOUT_S = 60.0
CONNECT_TIMEOUT_S = 3

_log = structlog.get_logger("tenure.database")


def _silent(_: str) -> None:
    pass


def command_settings() -> Settings:
    """The settings of a command; libraries log only from ERROR on."""
    settings = load()
    livemode.bind(live_only=settings.livemode)
    logging_setup.configure(level="ERROR", form="console")
    return settings


def service_settings() -> Settings:
    """The settings of a service process; they also configure its log."""
    settings = load()
    livemode.bind(live_only=settings.livemode)
    logging_setup.configure(level=settings.log_level, form=settings.log_format)
    return settings


@contextmanager
def server(
    settings: Settings,
    *,
    report: Callable[[str], None] = _silent,
    may_begin: bool = False,
    locks: bool = False,
) -> Iterator[str]:
    """The conninfo of the database as its owner; an embedded server runs inside the block.

    `locks`: the command uses session locks. Raises: NoDatabase if there is none, unless the command may
    create one; SessionShared.
    """
    if settings.database_url is not None:
        conninfo = settings.database_url.get_secret_value()
        if locks:
            pooler.refuse_shared(conninfo)
        yield conninfo
        return
    if not may_begin:
        _refuse_none(settings)
    elif not embedded.exists(settings.data_dir):
        where = settings.data_dir.absolute()
        notice(f"tenure: DATABASE_URL is not set: creating a new, empty database in {where}")
    with embedded.start(settings.data_dir, say=report) as running:
        yield running.conninfo


def join_server(settings: Settings) -> str:
    """The conninfo of the database for the lifetime of this process. Raises: NoDatabase."""
    if settings.database_url is not None:
        return settings.database_url.get_secret_value()
    _refuse_none(settings)
    running = embedded.start(settings.data_dir)
    if not running.attached:
        _log.warning("PostgreSQL was not running, started")
    return running.conninfo


def _refuse_none(settings: Settings) -> None:
    """A wrong directory or a lost DATABASE_URL must not look like a service without any events."""
    if not embedded.exists(settings.data_dir):
        raise NoDatabase(settings.data_dir.absolute())


def refuse_unfit(conninfo: str) -> None:
    """Fail fast: one clear error at startup instead of one per request.

    Raises: DatabaseUnavailable, RoleShared, SchemaMissing.
    """
    soon = make_conninfo(conninfo, connect_timeout=CONNECT_TIMEOUT_S)
    with closing(connect(soon, application_name="tenure-cli", statement_timeout_s=COMMAND_TIMEOUT_S)) as conn:
        restore_marker.refuse_unfinished(conn)
        row = fetch_one(conn, statement("service", "has_schema"), {})
        if row is None or not row["has_schema"]:
            raise SchemaMissing(f"the database {place(conninfo)} has no schema of Tenure: tenure migrate up")
        as_service(conn)


@contextmanager
def session(settings: Settings) -> Iterator[Connection]:
    """A connection with the service's rights for one command; one transaction."""
    with server(settings) as conninfo:
        opened = connect(conninfo, application_name="tenure-cli", statement_timeout_s=COMMAND_TIMEOUT_S)
        with closing(opened) as conn:
            as_service(conn)
            yield conn
            conn.commit()


def as_service(conn: Connection) -> None:
    """Take the service's role, which can't change the log's history. Raises: RoleShared."""
    pooler.take_role(conn, "tenure_app")


def service_connection(conninfo: str, *, name: str) -> Connection:
    """A separate connection with the service's rights and no statement timeout.

    Raises: DatabaseUnavailable.
    """
    conn = connect(conninfo, application_name=name)
    as_service(conn)
    return conn


def projector_connection(conninfo: str) -> Connection:
    """A connection for the projector, without a statement timeout, since a refold may take long.

    Raises: psycopg.OperationalError, after which the runner waits and retries.
    """
    own = session_conninfo(conninfo, application_name="tenure-work", statement_timeout_s=0)
    conn = psycopg.connect(own, autocommit=True, prepare_threshold=PREPARE_AFTER)
    as_service(conn)
    return conn
