"""Runs the jobs that are due, one after another, until stopped."""

import random
from collections.abc import Callable
from functools import partial
from threading import Event
from time import monotonic, perf_counter

import psycopg
import structlog

from events.clock import Clock
from events.statements import AnyConnection
from jobs import lease as leases
from jobs.backoff import Chance
from jobs.errors import LeaseLost, PermanentFailure, Postponed
from jobs.job import JobContext, Json, Registry
from jobs.lease import Lease, Worker

POLL_S = 1.0
LOST_EVERY_S = 2.0
RETRY_S = (0.1, 0.5, 1.0, 2.0, 5.0)

log = structlog.get_logger(__name__)


# Called after each attempt: the job's type, its outcome, its seconds.
Observer = Callable[[str, str, float], None]


def _unobserved(_type: str, _outcome: str, _seconds: float) -> None:
    pass


class JobRunner:
    """One worker on its own connection. Any number may run, in one process or many."""

    def __init__(
        self,
        connect: Callable[[], AnyConnection],
        types: Registry,
        *,
        clock: Clock,
        chance: Chance = random.random,
        observe: Observer = _unobserved,
    ) -> None:
        self._connect = connect
        self._types = types
        self._clock = clock
        self._chance = chance
        self._observe = observe
        self._looked_at = -LOST_EVERY_S

    def run(self, stop: Event) -> None:
        """Run jobs until `stop` is set and the current job has ended; reconnect when the database is down."""
        failures = 0
        while not stop.is_set():
            try:
                with self._connect() as conn:
                    worker = leases.enlist(conn)
                    failures = 0
                    while not stop.is_set():
                        if not self.step(conn, worker):
                            stop.wait(POLL_S)
            except psycopg.OperationalError as problem:
                wait_s = RETRY_S[min(failures, len(RETRY_S) - 1)]
                failures += 1
                log.warning("jobs.database_away", error=type(problem).__name__, retry_in_s=wait_s)
                stop.wait(wait_s)

    def drain(self) -> int:
        """Run everything that is due now; returns the number of attempts."""
        tries = 0
        with self._connect() as conn:
            worker = leases.enlist(conn)
            self.recover(conn)
            while self.step(conn, worker):
                tries += 1
        return tries

    def step(self, conn: AnyConnection, worker: Worker) -> bool:
        """Attempt one job. False when none is due."""
        if monotonic() - self._looked_at >= LOST_EVERY_S:
            self.recover(conn)
        with conn.transaction():
            lease = leases.claim(conn, worker, types=self._types, now=self._clock())
        if lease is None:
            return False
        started = perf_counter()
        outcome = self._try(conn, lease)
        self._observe(lease.job.type, outcome, perf_counter() - started)
        return True

    def recover(self, conn: AnyConnection) -> int:
        """Return jobs of dead workers to the queue, and log it. A lost attempt counts as an attempt."""
        self._looked_at = monotonic()
        with conn.transaction():
            lost = leases.lost(conn)
            for lease, what in lost:
                self._give_back(conn, lease, what)
        return len(lost)

    def _give_back(self, conn: AnyConnection, lease: Lease, what: str) -> None:
        """A job that can't be returned is retried by the next `recover` and does not stop the others."""
        try:
            with conn.transaction():
                status = self._fail(conn, lease, what)
        except Exception:
            if conn.broken:
                raise
            log.exception("jobs.not_given_back", job=str(lease.job.id), type=lease.job.type)
            return
        log.error("jobs.lost", job=str(lease.job.id), type=lease.job.type, why=what, status=status)
        self._observe(lease.job.type, "lost", 0.0)

    def _try(self, conn: AnyConnection, lease: Lease) -> str:
        try:
            return self._do(conn, lease)
        except LeaseLost as lost:
            log.error("jobs.lease_lost", job=str(lease.job.id), type=lease.job.type, why=str(lost))
            return "lost"
        except Postponed as early:
            return self._ended(conn, lease, partial(self._postpone, conn, lease, early))
        except Exception as problem:  # a handler may raise anything: that fails its job, not the worker
            return self._failed(conn, lease, problem)

    def _do(self, conn: AnyConnection, lease: Lease) -> str:
        job = lease.job

        def note(result: Json | None) -> None:
            with conn.transaction():
                leases.note(conn, lease, result, now=self._clock())

        done = self._types[job.type].handle(JobContext(conn, job, self._clock, note))
        with conn.transaction():
            leases.end(conn, lease, done, now=self._clock())
        log.info("jobs.done", job=str(job.id), type=job.type, status=done.status)
        return done.status

    def _failed(self, conn: AnyConnection, lease: Lease, problem: Exception) -> str:
        job, error = lease.job, f"{type(problem).__name__}: {problem}"
        if conn.closed or conn.broken:
            # Without a session nothing can be stored; another worker recovers the job.
            raise psycopg.OperationalError("the worker's session is gone") from problem
        hopeless = isinstance(problem, PermanentFailure)
        outcome = self._ended(conn, lease, partial(self._fail, conn, lease, error, hopeless=hopeless))
        log.error("jobs.failed", job=str(job.id), type=job.type, error=error, status=outcome)
        return outcome

    def _fail(self, conn: AnyConnection, lease: Lease, error: str, *, hopeless: bool = False) -> str:
        return leases.fail(
            conn,
            lease,
            error,
            now=self._clock(),
            chance=self._chance,
            types=self._types,
            hopeless=hopeless,
        )

    def _postpone(self, conn: AnyConnection, lease: Lease, early: Postponed) -> str:
        leases.postpone(conn, lease, early, now=self._clock())
        return "postponed"

    def _ended(self, conn: AnyConnection, lease: Lease, write: Callable[[], str]) -> str:
        try:
            with conn.transaction():
                return write()
        except LeaseLost as lost:
            log.error("jobs.lease_lost", job=str(lease.job.id), type=lease.job.type, why=str(lost))
            return "lost"
