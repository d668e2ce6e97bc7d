"""Keep processes running: restart those that die, and stop all of them at the end."""

import math
import os
import signal
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from types import FrameType

import structlog

from events import child_processes
from queries.pluralize import counted
from service.errors import ServiceError

STOP_S = 8.0  # grace period of children; the whole shutdown stays below ten seconds
STEADY_S = 30.0  # a process that ran this long is restarted without delay
MAX_BACKOFF_S = 15.0
HOPELESS = 4  # quick deaths before anything was ever ready
_TICK_S = 0.1
_TEND_S = 1.0

_log = structlog.get_logger("tenure.supervisor")


class NeverReady(ServiceError):
    """A process can't start. The lines it wrote before it died show why."""

    def __init__(self, name: str, times: int, code: int) -> None:
        super().__init__(
            f"{name} died {counted(times, 'time')} before it was ready (exit {code}); see the lines above"
        )


@dataclass
class Child:
    """One process to keep running, or to run `once`; `pass_fds` are passed on every start."""

    name: str
    command: Sequence[str]
    pass_fds: tuple[int, ...] = ()
    once: bool = False
    process: child_processes.Process[bytes] | None = None
    started_at: float = 0.0
    failures: int = 0
    start_at: float = field(default=0.0)

    def start(self, now: float) -> None:
        """Start it in a separate session: Ctrl-C reaches the supervisor, which then stops the children."""
        self.process = child_processes.start(
            self.command, stdin=child_processes.PIPE, pass_fds=self.pass_fds, start_new_session=True
        )
        self.started_at = now

    def wait(self, timeout_s: float) -> bool:
        """Whether it ended in time; otherwise it is killed, with every process it started."""
        assert self.process is not None
        try:
            self.process.wait(timeout_s)
        except child_processes.TimeoutExpired:
            os.killpg(self.process.pid, signal.SIGKILL)  # not reaped yet, so the id is still its own
            self.process.wait()
            return False
        return True


class Supervisor:
    """Runs in the main thread; `stop` may be called from a signal handler."""

    def __init__(
        self,
        children: Sequence[Child],
        *,
        clock: Callable[[], float] = time.monotonic,
        tend: Callable[[], None] = lambda: None,
    ) -> None:
        """`tend` is called every second, to keep other things running."""
        self._children = list(children)
        self._clock = clock
        self._tend = tend
        self._tended_at = clock()
        self._stopping = False
        self._announced = False

    def add(self, child: Child) -> None:
        """Add a child; it starts with the next tick."""
        self._children.append(child)

    def stop(self) -> None:
        """Ask `run` to end."""
        self._stopping = True

    def run(self, *, ready: Callable[[], bool], announce: Callable[[], None]) -> None:
        """Run until a signal or `stop`; `announce` is called once, when `ready` first returns True.

        Raises: NeverReady.
        """
        with _stopped_by_signals(self.stop):
            try:
                while not self._stopping:
                    self.tick()
                    if not self._announced and ready():
                        self._announced = True
                        announce()
                    time.sleep(_TICK_S)
            finally:
                self.stop_all()

    def tick(self) -> None:
        """Check for dead children; start those that are due."""
        now = self._clock()
        if now - self._tended_at >= _TEND_S:
            self._tended_at = now
            self._tend()
        for child in self._children:
            if child.process is not None and child.process.poll() is not None:
                self._died(child, now)
            if child.process is None and now >= child.start_at and not self._stopping:
                child.start(now)

    def stop_all(self) -> None:
        """Stop all children; all have ended when this returns."""
        running = [child for child in self._children if child.process is not None]
        for child in running:
            assert child.process is not None
            child.process.send_signal(signal.SIGTERM)
        deadline = time.monotonic() + STOP_S
        for child in running:
            if not child.wait(max(0.0, deadline - time.monotonic())):
                _log.warning("did not stop in time, killed", process=child.name)
            child.process = None

    def _died(self, child: Child, now: float) -> None:
        assert child.process is not None
        code = child.process.returncode
        child.process = None
        if child.once:
            child.start_at = math.inf
            return
        child.failures = 0 if now - child.started_at >= STEADY_S else child.failures + 1
        if not self._announced and child.failures >= HOPELESS:
            raise NeverReady(child.name, child.failures, code)
        delay = backoff(child.failures)
        child.start_at = now + delay
        _log.error("died, restarting", process=child.name, exit=code, in_s=delay)


def backoff(failures: int) -> float:
    """Seconds to wait after this many consecutive quick deaths."""
    return 0.0 if failures == 0 else min(MAX_BACKOFF_S, 0.5 * 2 ** min(failures - 1, 10))


@contextmanager
def _stopped_by_signals(stop: Callable[[], None]) -> Iterator[None]:
    """SIGTERM, SIGINT and SIGHUP call `stop` inside the block."""

    def handle(_number: int, _frame: FrameType | None) -> None:
        stop()

    signals = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)
    before = {which: signal.signal(which, handle) for which in signals}
    try:
        yield
    finally:
        for which, handler in before.items():
            signal.signal(which, handler)
