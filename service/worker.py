"""What runs beside the projector in `tenure work`: the scheduler, the jobs, the configuration watch."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from threading import Event, Thread

import psycopg
import structlog
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from database.pool import PREPARE_AFTER, Connection, open_pool, session_conninfo
from events.decision_clock import ClocksDiffer
from handlers.configuration import configured
from jobs import JobRunner
from jobs.schedule import Scheduler
from service.config_watch import watch_configuration
from service.decision_clocks import compare_regularly, pool_clock
from service.schedule import job_types, scheduled
from service.wiring import as_service
from settings import Settings

STOP_S = 6.0
RESTART_S = 5.0

# A peer that vanished without a word is noticed by both sides within seconds, also in the middle of a
# statement: what it held (leadership, jobs) is free then.
_SERVER = {
    "client_connection_check_interval": "2s",
    "tcp_keepalives_idle": "3",
    "tcp_keepalives_interval": "1",
    "tcp_keepalives_count": "3",
}
_CLIENT = {"keepalives_idle": 3, "keepalives_interval": 1, "keepalives_count": 3, "tcp_user_timeout": 5_000}

_log = structlog.get_logger("tenure.work")


def direct_connection(conninfo: str, name: str) -> Connection:
    """A session of its own with the service's rights, in autocommit, for locks that live as long as it.

    Raises: psycopg.OperationalError.
    """
    own_options = str(conninfo_to_dict(conninfo).get("options") or "")
    ours = " ".join(f"-c {setting}={value}" for setting, value in _SERVER.items())
    watched = make_conninfo(conninfo, options=f"{own_options} {ours}".strip(), **_CLIENT)
    own = session_conninfo(watched, application_name=name, statement_timeout_s=0)
    conn = psycopg.connect(own, autocommit=True, prepare_threshold=PREPARE_AFTER)
    as_service(conn)
    return conn


@contextmanager
def background(settings: Settings, conninfo: str, stop: Event) -> Iterator[None]:
    """All of it runs inside the block, until `stop` is set; it must be set when the block ends."""
    lead = partial(direct_connection, conninfo, "tenure-scheduler")
    types = job_types(settings)
    with open_pool(conninfo, application_name="tenure-config", max_size=1, configure=as_service) as pool:
        watch_configuration(pool, stop)
        clock = pool_clock(pool)
        compare_regularly(clock, stop)
        scheduler = Scheduler(lead, scheduled(settings, conninfo, clock=clock.corrected), clock=clock)
        threads = [_keep("scheduler", scheduler.run, stop)]
        for number in range(_job_threads(lead)):
            runner = JobRunner(
                partial(direct_connection, conninfo, "tenure-jobs"), types, clock=clock.corrected
            )
            threads.append(_keep(f"jobs-{number + 1}", runner.run, stop))
        try:
            yield
        finally:
            stop.set()
            for thread in threads:
                thread.join(STOP_S / len(threads))


def _job_threads(connect: Callable[[], Connection]) -> int:
    with connect() as conn:
        return int(configured(conn, "jobs", "threads"))


def _keep(name: str, run: Callable[[Event], None], stop: Event) -> Thread:
    """A thread that runs it until the stop, and again after an unexpected error."""

    def kept() -> None:
        while not stop.is_set():
            try:
                run(stop)
            except ClocksDiffer:
                stop.wait(RESTART_S)  # `compare_regularly` logs it
            except Exception:  # the last net: what is not foreseen must not end the service's clock
                _log.exception("stopped by an error, begins again", part=name, in_s=RESTART_S)
                stop.wait(RESTART_S)

    thread = Thread(target=kept, name=name, daemon=True)
    thread.start()
    return thread
