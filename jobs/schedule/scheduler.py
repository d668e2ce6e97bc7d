"""The scheduler: APScheduler runs the handlers only while this process leads."""

from collections.abc import Callable, Sequence
from contextlib import closing
from datetime import UTC, datetime, timedelta
from threading import Event
from time import monotonic

import psycopg
import structlog
from apscheduler.executors.pool import ThreadPoolExecutor
from apscheduler.jobstores.memory import MemoryJobStore
from apscheduler.schedulers.background import BackgroundScheduler
from apscheduler.triggers.date import DateTrigger
from apscheduler.triggers.interval import IntervalTrigger

from events.clock import Clock, utc_now
from events.decision_clock import ClocksDiffer
from events.statements import AnyConnection
from jobs.schedule import leadership
from jobs.schedule.errors import LeadershipLost
from jobs.schedule.leadership import Term
from jobs.schedule.runs import RunResult, run_due
from jobs.schedule.timetable import Scheduled, due_at, retry_s

WATCH_S = 1.0
GRACE_S = 3.0
DRIFT_S = 2.0
AGAIN_S = 2.0
CLOCK_S = 10.0

log = structlog.get_logger("tenure.schedule")

# Called after each run: the handler's name, its outcome, its seconds.
Observer = Callable[[str, str, float], None]


def _unobserved(_name: str, _outcome: str, _seconds: float) -> None:
    pass


class Scheduler:
    """Any number may run; one leads, and another takes over within seconds when it is gone.

    `connect` returns direct connections in autocommit. `clock` may step: a handler that ran for a due
    time does not run for it again, and a clock set back delays a handler by at most one period. While
    `clock` raises ClocksDiffer this process does not lead.
    """

    def __init__(
        self,
        connect: Callable[[], AnyConnection],
        handlers: Sequence[Scheduled],
        *,
        clock: Clock,
        tick: Callable[[], float] = monotonic,
        observe: Observer = _unobserved,
    ) -> None:
        self._connect = connect
        self._handlers = handlers
        self._clock = clock
        self._tick = tick
        self._observe = observe
        self._ahead_since: dict[str, float] = {}

    def run(self, stop: Event) -> None:
        """Until `stop` is set: wait to lead, lead, and when leadership is lost wait again."""
        while not stop.is_set():
            try:
                self._clock()  # a host whose clock is wrong leaves leading to others
                conn = leadership.campaign(self._connect, stop)
                if conn is not None:
                    with closing(conn):
                        self._lead(conn, stop)
            except ClocksDiffer as problem:
                log.warning("schedule.clocks_differ", why=str(problem))
                stop.wait(CLOCK_S)

    def _lead(self, conn: AnyConnection, stop: Event) -> None:
        term, woken = Term(), self._waker()
        log.info("schedule.leading", handlers=len(self._handlers))
        self._set_alarms(woken, term)
        woken.start()
        offset = self._offset()
        try:
            while not stop.is_set():
                if not leadership.still_holds(conn):
                    log.error("schedule.leadership_lost")
                    break
                if abs(self._offset() - offset) > DRIFT_S:
                    log.warning("schedule.clock_stepped", by_s=round(self._offset() - offset, 3))
                    offset = self._offset()
                    self._set_alarms(woken, term)
                stop.wait(WATCH_S)
        finally:
            self._resign(term, woken, at_once=not stop.is_set())

    def _offset(self) -> float:
        """The difference of two clocks: it changes only when one of them steps."""
        return self._clock().timestamp() - self._tick()

    def _resign(self, term: Term, woken: BackgroundScheduler, *, at_once: bool) -> None:
        term.finish()
        woken.shutdown(wait=False)
        patience = Event()
        deadline = self._tick() + (0.0 if at_once else GRACE_S)
        while not term.idle() and self._tick() < deadline:
            patience.wait(0.05)
        term.cut()
        log.info("schedule.resigned")

    def _waker(self) -> BackgroundScheduler:
        return BackgroundScheduler(
            timezone=UTC,
            jobstores={"default": MemoryJobStore()},
            # One thread per handler and one more: a slow handler does not delay the others.
            executors={"default": ThreadPoolExecutor(len(self._handlers) + 1)},
            job_defaults={"coalesce": True, "max_instances": 1, "misfire_grace_time": None},
        )

    def _set_alarms(self, woken: BackgroundScheduler, term: Term) -> None:
        """Run each handler at once, for missed runs, and then whenever it is due.

        APScheduler waits by the machine's clock, so after it steps all alarms are set again.
        """
        woken.remove_all_jobs()
        for handler in self._handlers:
            first = due_at(handler.every, utc_now()) + handler.every
            every = IntervalTrigger(seconds=handler.every.total_seconds(), start_date=first, timezone=UTC)
            woken.add_job(self._fire, every, args=[handler, woken, term], id=handler.name)
            self._again(handler, woken, term, in_s=0.0)

    def _again(self, handler: Scheduled, woken: BackgroundScheduler, term: Term, *, in_s: float) -> None:
        at = DateTrigger(datetime.now(UTC) + timedelta(seconds=in_s), timezone=UTC)
        if term.leads():
            woken.add_job(
                self._fire,
                at,
                args=[handler, woken, term],
                id=f"{handler.name} again",
                replace_existing=True,
            )

    def _fire(self, handler: Scheduled, woken: BackgroundScheduler, term: Term) -> None:
        try:
            with self._connect() as conn:
                if not term.begin(conn):
                    return
                try:
                    ran = run_due(
                        conn,
                        handler,
                        now=self._clock(),
                        anyway=self._waited_long_enough(handler),
                        leads=term.leads,
                    )
                finally:
                    term.end(conn)
        except LeadershipLost as lost:
            log.warning("schedule.run_dropped", handler=handler.name, why=str(lost))
        except (psycopg.Error, ClocksDiffer) as problem:
            log.warning("schedule.not_run", handler=handler.name, error=type(problem).__name__)
            self._again(handler, woken, term, in_s=AGAIN_S)
        else:
            self._follow_up(handler, ran, woken, term)

    def _follow_up(self, handler: Scheduled, ran: RunResult, woken: BackgroundScheduler, term: Term) -> None:
        if ran.outcome == "early":
            self._note_ahead(handler, ran, woken, term)
            return
        self._ahead_since.pop(handler.name, None)
        self._observe(handler.name, ran.outcome, ran.seconds)
        if ran.outcome == "failed":
            self._again(handler, woken, term, in_s=retry_s(ran.failures, handler.every))
        elif ran.outcome == "busy":
            self._again(handler, woken, term, in_s=AGAIN_S)
        else:
            log.debug("schedule.ran", handler=handler.name, result=ran.result)

    def _note_ahead(self, handler: Scheduled, ran: RunResult, woken: BackgroundScheduler, term: Term) -> None:
        """The last run was for a time ahead of now: the clock was set back. Wait one period at most."""
        if ran.ahead and handler.name not in self._ahead_since:
            self._ahead_since[handler.name] = self._tick()
            log.warning("schedule.clock_behind", handler=handler.name)
            self._again(handler, woken, term, in_s=handler.every.total_seconds())

    def _waited_long_enough(self, handler: Scheduled) -> bool:
        since = self._ahead_since.get(handler.name)
        return since is not None and self._tick() - since >= handler.every.total_seconds() * 0.99
